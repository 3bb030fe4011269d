import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import type { Network } from '../../../catalog/schema/network.ts';
import { type ChainSync, createChainSync } from '../../chain-sync/module.ts';
import { createChildren } from '../../runtime/children.ts';
import type { CatalogInForce, LiveCatalog } from '../../runtime/live-catalog.ts';
import { createLogger } from '../../runtime/log.ts';
import type { Started } from '../../runtime/modules.ts';
import { openEmbeddedPostgres } from '../../stores/embedded/postgres.ts';
import { migrateRelational } from '../../stores/migrate.ts';
import type { Relational } from '../../stores/relational.ts';
import type { RunContext, Work } from '../bench.ts';
import { blockCount, type ChainInput } from './input.ts';
import { ourRowQueries } from './our-rows.ts';

const migrations = fileURLToPath(new URL('../../datasets/chain/relational', import.meta.url));

/** What environment local uses, and the brief's limits where it has some. */
const settings = {
  selection: { phases: [1], priorityThreshold: 1, only: undefined, remoteEndpoints: false },
  tuning: {
    intervalMs: 1000,
    batchSize: 100,
    historyBlocks: undefined,
    requestsPerSecond: 25,
    requestTimeoutMs: 10_000,
  },
  maxConcurrentRequests: 20,
};
const pollMs = 5;

/**
 * The service chain-sync as the program runs it, with a catalog of one network, into an embedded PostgreSQL with the
 * program's settings. Timed from its creation until all blocks of the range are committed.
 */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as ChainInput;
  const log = createLogger('silent', 'machines', false);
  const children = createChildren({ log });
  const { part: relational, stop } = await openEmbeddedPostgres({ dataDir: context.directory, children, log });
  await migrateRelational(relational, 'chain', migrations);
  let sync: Started<ChainSync> | undefined;
  return {
    run: async () => {
      const catalog = catalogOf(networkOf(input));
      sync = await createChainSync({ catalog, relational, log, metrics: new Registry(), ...settings });
      while (!(mayHoldAll(sync.part, input) && (await holdsAll(relational, input)))) await delay(pollMs);
      return blockCount(input);
    },
    rows: async () => {
      const rows: string[] = [];
      for (const query of ourRowQueries(input)) {
        rows.push(...(await relational.query<{ row: string }>(query)).map(({ row }) => row));
      }
      return rows;
    },
    close: async () => {
      await sync?.stop();
      await stop();
      await children.close();
    },
  };
}

/** By its report, which costs nothing to ask. */
function mayHoldAll(sync: ChainSync, { lastBlock }: ChainInput): boolean {
  const [report] = sync.reports();
  if (report?.state === 'unreachable') throw new Error(`chain-sync: ${report.reason}`);
  return (report?.synced ?? -1) >= lastBlock && report?.backfillRemaining === 0;
}

/** By what is committed, which decides. */
async function holdsAll(relational: Relational, { firstBlock, lastBlock }: ChainInput): Promise<boolean> {
  const range = `int8range(${firstBlock}, ${lastBlock}, '[]')`;
  const [found] = await relational.query<{ all: boolean }>(`SELECT synced @> ${range} AS all FROM chain.cursors`);
  return found?.all === true;
}

function networkOf({ url, chainId, firstBlock }: ChainInput): Network {
  return {
    id: 'bench',
    name: 'Bench',
    kind: 'evm',
    chainId,
    status: 'active',
    phase: 1,
    priority: 10,
    owner: 'bench',
    stack: 'ethereum',
    settlement: 'self',
    nativeCurrency: { symbol: 'ETH', decimals: 18 },
    finality: { tag: 'finalized' },
    startBlock: firstBlock,
    rpc: [{ url }],
  };
}

function catalogOf(network: Network): LiveCatalog {
  const inForce = {
    catalog: { networks: [network] },
    networks: [network],
    digest: '',
    since: new Date(),
  } as unknown as CatalogInForce;
  return { current: () => inForce, refused: () => [], subscribe: () => () => undefined };
}
