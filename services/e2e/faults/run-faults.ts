import { setTimeout as sleep } from 'node:timers/promises';
import type { Bed } from '../bed.ts';
import { followLive } from '../live-follower.ts';
import type { Platform } from '../platform.ts';
import { quiet } from '../quiet.ts';
import type { SourceChain } from '../sources.ts';
import { sumOf, type Verified } from '../verified.ts';
import { verifyAnswers, verifyStores } from '../verify.ts';
import { disk } from './disk.ts';
import type { Fault, FaultContext } from './fault.ts';
import { kills } from './kills.ts';
import { clocks, poison, rebalances } from './services.ts';
import { broker, postgres, redis, stall } from './stores.ts';

/** In the order in which they are tried. */
export const faults: readonly Fault[] = [broker, postgres, redis, poison, rebalances, clocks, disk, stall, kills];

export interface FaultOutcome {
  readonly name: string;
  readonly rows: number;
  readonly lost: number;
  readonly doubled: number;
  /** From the end of the cause until all was as it must be. */
  readonly recoveredMs: number;
  readonly faults: readonly string[];
  readonly skipped?: string | undefined;
}

/** Tries one fault under traffic; afterwards the stores must equal what the sources say. */
export async function tryFault(fault: Fault, context: Omit<FaultContext, 'whileQuiet'>): Promise<FaultOutcome> {
  const { bed, many } = context;
  const nothing = { name: fault.name, rows: 0, lost: 0, doubled: 0, recoveredMs: 0, faults: [] };
  const skipped = fault.whyNot?.();
  if (skipped !== undefined) return { ...nothing, skipped };
  const stores = storesOf(bed);
  let traffic = bed.sources.startTraffic();
  const whileQuiet = async <T>(work: () => Promise<T>): Promise<T> => {
    await traffic.stop();
    try {
      return await work();
    } finally {
      traffic = bed.sources.startTraffic();
    }
  };
  const follower = followLive(many);
  await sleep(1_000);
  let seen: readonly string[];
  try {
    seen = await fault.run({ ...context, whileQuiet });
  } catch (error) {
    seen = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
  const overMs = performance.now();
  await many.ready();
  await sleep(1_000);
  await traffic.stop();
  const { chains } = bed.sources;
  // After an hour of another clock, or many restarts, a client may have to begin anew; what it is told must be right all the same.
  const verified = await quiet(async () =>
    sumOf([
      await verifyStores(stores, bed.sources),
      ...(await verifyAllAnswers(many, chains)),
      await follower.verify(chains, { mayStartAnew: true }),
    ]),
  );
  const recoveredMs = performance.now() - overMs;
  await follower.stop();
  return { ...verified, name: fault.name, recoveredMs, faults: [...seen, ...verified.faults] };
}

/** What users are told, which is where rows that are there twice would be seen first. */
async function verifyAllAnswers(platform: Platform, chains: readonly SourceChain[]): Promise<Verified[]> {
  const parts: Verified[] = [];
  for (const chain of chains) parts.push(await verifyAnswers(platform, chain));
  return parts;
}

function storesOf({ stores }: Bed): NonNullable<Bed['stores']> {
  if (stores === undefined) throw new Error('faults need the networked stores');
  return stores;
}
