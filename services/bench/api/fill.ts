import type { Block } from '../../datasets/chain/block.ts';
import { markRelayed, readPending } from '../../datasets/chain/changes.ts';
import { addressOf, buildChain, type TxParts } from '../../datasets/chain/read-fixtures.ts';
import { type SyncReport, writeStatus } from '../../datasets/chain/status.ts';
import { writeChainEvents } from '../../datasets/chain/timeseries.ts';
import { createChainStore } from '../../datasets/chain/write.ts';
import type { Relational } from '../../stores/relational.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import type { ApiStores } from './stores.ts';

const blocksAtOnce = 250;
const secondsApart = 2;
/** Blocks below the newest that are not final. */
const unfinal = 64;

/** Fills both stores with one chain, blocks 0 to `blocks - 1`, as sync, relay and stream processor do together. */
export async function fillChain(
  stores: ApiStores,
  network: string,
  size: { readonly blocks: number; readonly txsPerBlock: number },
): Promise<void> {
  const random = seededRandom(5);
  const store = createChainStore(stores.relational, network);
  let cursor = await store.loadCursor();
  let parent: Block | undefined;
  for (let done = 0; done < size.blocks; done += blocksAtOnce) {
    const append: Block[] = buildChain(parent, Math.min(blocksAtOnce, size.blocks - done), (number) => ({
      timestamp: 1_700_000_000 + number * secondsApart,
      baseFeePerGas: String(5_000_000 + Math.floor(random() * 1e6)),
      gasUsed: String(1_000_000 + Math.floor(random() * 2e7)),
      txs: Array.from({ length: size.txsPerBlock }, () => txOf(random)),
    }));
    parent = append.at(-1);
    if (done === 0 && append[0] !== undefined) await store.pinGenesis(append[0].hash);
    cursor = await store.loadCursor();
    const finalizedNumber = Math.max(0, (parent?.number ?? 0) - unfinal);
    cursor = await store.commitStep(cursor, { append, finalizedNumber });
    await relay(stores, network);
  }
  // What autovacuum does within a minute, so that all subjects find the same plans.
  await stores.relational.query('ANALYZE');
}

async function relay({ relational, timeseries }: ApiStores, network: string): Promise<void> {
  for (;;) {
    const pending = await readPending(relational, network, 500, 20_000);
    if (pending === undefined) return;
    await writeChainEvents(timeseries, pending.events);
    await markRelayed(relational, network, pending.lastSeq);
  }
}

function txOf(random: () => number): TxParts {
  const gasUsed = String(21_000 + Math.floor(random() * 4e5));
  return {
    from: addressOf(Math.floor(random() * 500)),
    to: random() < 0.02 ? null : addressOf(Math.floor(random() * 50)),
    value: String(Math.floor(random() * 1e15)),
    gasUsed,
    effectiveGasPrice: String(5_000_000 + Math.floor(random() * 2e9)),
    status: random() < 0.03 ? 0 : 1,
    l1Fee: String(Math.floor(random() * 1e13)),
    logCount: random() < 0.1 ? 1 : 0,
  };
}

/** As chain-sync does every second, of all networks that it follows. */
export async function reportSync(relational: Relational, networks: readonly string[], blocks: number): Promise<void> {
  const reports = networks.map(
    (network, at): SyncReport => ({
      network,
      state: at % 5 === 4 ? 'syncing' : 'synced',
      reason: null,
      head: blocks - 1 + at,
      synced: blocks - 1,
      finalized: Math.max(0, blocks - 1 - unfinal),
      blocksHeld: blocks,
      backfillRemaining: at % 5 === 4 ? 100 : 0,
      blocksPerSecond: 0.5,
      errorRate: 0,
      finalitySeconds: 128,
      reorgs: 0,
      endpoints: ['a', 'b', 'c'].map((name) => ({
        host: `${name}.${network}.example`,
        state: 'good',
        reason: null,
        requests: 100 + at,
        errors: 0,
        latencyMs: 20,
        head: blocks - 1 + at,
      })),
    }),
  );
  await writeStatus(relational, reports);
}
