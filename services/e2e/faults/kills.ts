import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreServers } from '../bed.ts';
import { quiet } from '../quiet.ts';
import { verifyStores } from '../verify.ts';
import type { Fault } from './fault.ts';

/** So many rounds lie between two looks at all rows: what is lost in one stays lost, so each look is at all rounds before it. */
const roundsBetweenLooks = 10;

/** Of a service, in a round. */
const killChance = 0.35;

/** In one round of so many a store dies beside them, each in its turn: it takes longer to come back than a service. */
const roundsBetweenStores = 3;

export const kills: Fault = {
  name: 'kills',
  what: 'kill -9 of services and stores at random moments, again and again',
  run: async ({ bed, many, servers, random, tell, rounds, whileQuiet }) => {
    const { sources, stores } = bed;
    if (stores === undefined) return ['there are no stores to look into'];
    const storeVictims = victimsOf(servers).sort(() => random() - 0.5);
    const killed = new Map<string, number>();
    for (let round = 1; round <= rounds; round++) {
      await sleep(random() * 2_000);
      const chosen: Victim[] = many.processes.filter(() => random() < killChance);
      if (round % roundsBetweenStores === 2) {
        const store = storeVictims[Math.floor(round / roundsBetweenStores) % storeVictims.length];
        if (store !== undefined) chosen.push(store);
      }
      const [any] = many.processes;
      const victims: readonly Victim[] = chosen.length > 0 || any === undefined ? chosen : [any];
      await Promise.all(victims.map((victim) => victim.kill()));
      for (const { name } of victims) killed.set(name, (killed.get(name) ?? 0) + 1);
      tell(`round ${round} of ${rounds}: kill -9 of ${victims.map(({ name }) => name).join(', ')}`);
      await Promise.all([...storeVictims, many].map((each) => each.ready()));
      if (round % roundsBetweenLooks !== 0 && round !== rounds) continue;
      const { faults, rows, lost, doubled } = await whileQuiet(() => quiet(() => verifyStores(stores, sources)));
      tell(`${round} rounds: ${rows} rows, ${lost} lost, ${doubled} doubled`);
      if (faults.length > 0) return faults;
    }
    tell(`killed: ${[...killed].map(([name, count]) => `${name} ${count}`).join(', ')}`);
    return [];
  },
};

interface Victim {
  readonly name: string;
  /** kill -9; it comes up again. */
  kill(): Promise<void>;
  ready(): Promise<void>;
}

function victimsOf({ kafka, postgres, redis, clickhouse }: StoreServers): Victim[] {
  const broker: Victim = {
    name: 'kafka',
    kill: async () => {
      await kafka.kill();
      await kafka.restart();
    },
    // Started again is taking requests.
    ready: async () => {},
  };
  return [broker, postgres, redis, clickhouse];
}
