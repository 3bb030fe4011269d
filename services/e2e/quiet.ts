import { setTimeout as sleep } from 'node:timers/promises';
import type { Verified } from './verified.ts';

/** On a machine that has much else to do, days follow after minutes. */
const patienceMs = 240_000;

/** Looks again and again until nothing is wrong, as the last changes may still be on their way; at last what is wrong stays. */
export async function quiet(verify: () => Promise<Verified>): Promise<Verified> {
  for (const end = performance.now() + patienceMs; ; await sleep(500)) {
    const verified = await verify().catch((error: unknown) => ({
      rows: 0,
      lost: 0,
      doubled: 0,
      faults: [String(error)],
    }));
    if (verified.faults.length === 0 || performance.now() > end) return verified;
  }
}
