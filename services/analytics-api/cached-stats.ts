import type { Hex } from '../datasets/chain/block.ts';
import {
  findNewestBlock,
  type NewestBlock,
  readStats,
  type StatsReading,
  type StatsScope,
} from '../datasets/chain/stats.ts';
import { cacheTtls } from '../runtime/cache-ttls.ts';
import type { Cache } from '../stores/cache.ts';
import type { Timeseries } from '../stores/timeseries.ts';

/** How soon blocks show up that are filled into a history with holes: they come without a new newest block. */
const fillingMs = 2_000;

/** What statistics are of. */
export interface StatsQuery {
  readonly network: string;
  readonly scope: StatsScope;
  /** Of the scope's last block, where the scope names one and it is final. */
  readonly finalHash: Hex | undefined;
}

export interface CachedStatsDeps {
  readonly timeseries: Timeseries;
  readonly cache: Cache;
  readonly version: string;
  /** For how long those who ask share one look for the newest block of a network. */
  readonly newestSharedMs?: number | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** Statistics up to the newest block held; undefined while no block is held. */
export type ReadCachedStats = (query: StatsQuery) => Promise<StatsReading | undefined>;

const newestSharedMs = 250;

/**
 * Reads statistics up to the newest block held, from the cache where it has them.
 *
 * A reading without holes cannot change while the block at its end stays, so that block is the key, and the query results' TTL
 * its life: the newest block by its `seq`, which is another one whenever a block joins the chain, or the last block of a range by
 * its hash once it is final, so that new blocks leave it in place. Blocks that are written anew, by a rebuild, hold the same. A
 * reading with holes would change under its key as they are filled, so it lives for moments.
 *
 * The newest block is that of a look that began at most `newestSharedMs` before the call: however many ask, the store is asked
 * for it a few times a second. A reading is always of one chain, and says of which, so that it is at worst that much older.
 */
export function createCachedStats(deps: CachedStatsDeps): ReadCachedStats {
  const { timeseries, cache, version } = deps;
  const findNewest = createNewestLook(deps);
  return async ({ network, scope, finalHash }) => {
    const newest = await findNewest(network);
    if (newest === undefined) return undefined;
    // While the store has not come to that block, what it has of the range is of its newest block.
    const end = scope.kind === 'range' && newest.number >= scope.toBlock ? finalHash : undefined;
    const life = (text: string): number => {
      const { counted } = JSON.parse(text) as StatsReading;
      if (counted?.coverage.complete !== true) return fillingMs;
      // The stores move apart for moments: this one may still hold another block in the place of the final one.
      return end === undefined || counted.coverage.toHash === end ? cacheTtls.queryResultMs : fillingMs;
    };
    const key = JSON.stringify(['stats', version, network, end ?? newest.seq, scope]);
    const text = await cache.remember(key, life, async () =>
      JSON.stringify(await readStats(timeseries, network, scope, newest)),
    );
    const reading = JSON.parse(text) as StatsReading;
    return end === undefined ? reading : { ...reading, asOf: newerOf(reading.asOf, newest) };
  };
}

function createNewestLook({
  timeseries,
  newestSharedMs: sharedMs = newestSharedMs,
  now = () => performance.now(),
}: CachedStatsDeps): (network: string) => Promise<NewestBlock | undefined> {
  const looks = new Map<string, { readonly beganAt: number; readonly found: Promise<NewestBlock | undefined> }>();
  return (network) => {
    const last = looks.get(network);
    if (last !== undefined && now() - last.beganAt < sharedMs) return last.found;
    const look = { beganAt: now(), found: findNewestBlock(timeseries, network) };
    looks.set(network, look);
    // Whoever comes after a failure tries for himself.
    look.found.catch(() => looks.get(network) === look && looks.delete(network));
    return look.found;
  };
}

function newerOf(a: NewestBlock, b: NewestBlock): NewestBlock {
  return BigInt(a.seq) > BigInt(b.seq) ? a : b;
}
