import { setTimeout as sleep } from 'node:timers/promises';
import { quiet } from '../quiet.ts';
import { verifyStores } from '../verify.ts';
import type { Fault } from './fault.ts';

/** So many rounds lie between two looks at all rows: what is lost in one stays lost, so each look is at all rounds before it. */
const roundsBetweenLooks = 10;

export const kills: Fault = {
  name: 'kills',
  what: 'kill -9 of a service at a random moment, again and again',
  run: async ({ bed, many, random, tell, rounds, whileQuiet }) => {
    const { sources, stores } = bed;
    if (stores === undefined) return ['there are no stores to look into'];
    for (let round = 1; round <= rounds; round++) {
      await sleep(random() * 2_000);
      const victims = many.processes.filter(() => random() < 0.35);
      const [any] = many.processes;
      await Promise.all((victims.length > 0 || any === undefined ? victims : [any]).map((victim) => victim.kill()));
      await many.ready();
      if (round % roundsBetweenLooks !== 0 && round !== rounds) continue;
      const { faults, rows, lost, doubled } = await whileQuiet(() => quiet(() => verifyStores(stores, sources)));
      tell(`${round} rounds: ${rows} rows, ${lost} lost, ${doubled} doubled`);
      if (faults.length > 0) return faults;
    }
    return [];
  },
};
