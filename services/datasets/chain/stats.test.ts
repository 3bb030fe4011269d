import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RetryableError } from '../../runtime/errors.ts';
import type { Block } from './block.ts';
import type { ChainEvent } from './changes.ts';
import {
  addressOf,
  buildBlock,
  buildChain,
  type ChainStores,
  openChainStores,
  openChainWriter,
  relayChain,
  type TxParts,
} from './read-fixtures.ts';
import { type ChainStats, findNewestBlock, readStats, type StatsReading, type StatsScope } from './stats.ts';
import { writeChainEvents } from './timeseries.ts';

const all: StatsScope = { kind: 'all', firstBlock: 0 };
const maximum = (2n ** 256n - 1n).toString();
let stores: ChainStores;
let networks = 0;

beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(async () => {
  await stores?.[Symbol.asyncDispose]();
});

describe(findNewestBlock.name, () => {
  it('knows no block of a network that was never heard of', async () => {
    expect(await findNewestBlock(stores.timeseries, 'nobody')).toBeUndefined();
  });

  it('finds the newest block under thousands of retracted ones', async () => {
    const network = nextNetwork();
    const blocks = buildChain(undefined, 3000);
    await writeChainEvents(stores.timeseries, appended(network, blocks, 1));
    const gone = blocks.slice(5).map((block, at): ChainEvent => retractedEvent(network, block, 4000 + at));
    await writeChainEvents(stores.timeseries, gone);
    expect(await findNewestBlock(stores.timeseries, network)).toMatchObject({ number: 4, hash: blocks[4]?.hash });
  });
});

describe(readStats.name, () => {
  it('equals what BigInt makes of the canonical chain, after any appends and reorgs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(chainStep, { minLength: 1, maxLength: 6 }), async (steps) => {
        const network = nextNetwork();
        const writer = await openChainWriter(stores, network);
        let chain: Block[] = [];
        for (const [salt, { depth, blocks, relayed }] of steps.entries()) {
          const kept = chain.slice(0, Math.max(0, chain.length - depth));
          const added = blocks.reduce<Block[]>((grown, { seconds, ...parts }) => {
            const parent = grown.at(-1) ?? kept.at(-1);
            const timestamp = (parent?.timestamp ?? 1_700_000_000) + seconds;
            grown.push(
              buildBlock({ number: parent === undefined ? 0 : parent.number + 1, parent, timestamp, salt, ...parts }),
            );
            return grown;
          }, []);
          const [first, last] = [chain[kept.length], chain.at(-1)];
          const retract =
            first === undefined || last === undefined ? undefined : { from: first.number, to: last.number };
          await writer.commit({ retract, append: added });
          chain = [...kept, ...added];
          if (relayed) await relayChain(stores, network, 3);
        }
        await relayChain(stores, network, 3);
        const half = Math.floor(chain.length / 2);
        const scopes: StatsScope[] = [
          all,
          { kind: 'window', seconds: 7, firstBlock: 0 },
          { kind: 'window', seconds: 3600, firstBlock: 0 },
          { kind: 'range', fromBlock: 1, toBlock: half },
        ];
        for (const scope of scopes) expect(await read(network, scope)).toEqual(expectedOf(chain, scope));
      }),
      { numRuns: 15 },
    );
  });

  it('sums 256-bit quantities past 256 bits', async () => {
    const network = nextNetwork();
    const tx: TxParts = { gasUsed: maximum, effectiveGasPrice: maximum, l1Fee: maximum };
    const chain = buildChain(undefined, 3, () => ({ gasUsed: maximum, baseFeePerGas: maximum, txs: [tx, tx] }));
    await writeChainEvents(stores.timeseries, appended(network, chain, 1));
    const { stats } = (await read(network, all)) ?? {};
    expect(stats).toEqual(expectedOf(chain, all)?.stats);
    expect(stats?.gasUsed).toBe((3n * BigInt(maximum)).toString());
    expect(stats?.executionFees?.total).toBe((6n * BigInt(maximum) ** 2n).toString());
    expect(stats?.l1DataFees).toMatchObject({ total: (6n * BigInt(maximum)).toString(), mean: maximum });
  });

  it('is null where the chain has no such datum, and zero where it counted none', async () => {
    const network = nextNetwork();
    const tx: TxParts = { status: null, effectiveGasPrice: null };
    const chain = buildChain(undefined, 2, () => ({ baseFeePerGas: null, txs: [tx] }));
    await writeChainEvents(stores.timeseries, appended(network, chain, 1));
    const { stats } = (await read(network, all)) ?? {};
    expect(stats).toMatchObject({
      transactions: 2,
      failedTransactions: null,
      gasPrice: null,
      executionFees: null,
      l1DataFees: null,
      baseFeePerGas: null,
    });
    const empty = nextNetwork();
    await writeChainEvents(stores.timeseries, appended(empty, buildChain(undefined, 2), 1));
    expect((await read(empty, all))?.stats).toMatchObject({
      transactions: 0,
      failedTransactions: 0,
      tps: 0,
      executionFees: { transactions: 0, total: '0', mean: null },
      l1DataFees: null,
    });
  });

  it('says what it covers: whole, with a hole, not down to the first block, beyond the newest', async () => {
    const network = nextNetwork();
    const chain = buildChain(undefined, 20);
    await writeChainEvents(stores.timeseries, appended(network, [...chain.slice(5, 8), ...chain.slice(10)], 1));
    const coverage = async (scope: StatsScope) => (await read(network, scope))?.coverage;
    expect(await coverage(all)).toMatchObject({ fromBlock: 5, toBlock: 19, complete: false });
    expect(await coverage({ kind: 'window', seconds: 9, firstBlock: 0 })).toMatchObject({
      fromBlock: 11,
      complete: true,
    });
    expect(await coverage({ kind: 'window', seconds: 10, firstBlock: 0 })).toMatchObject({
      fromBlock: 10,
      complete: false,
    });
    expect(await coverage({ kind: 'window', seconds: 10, firstBlock: 10 })).toMatchObject({ complete: true });
    expect(await coverage({ kind: 'range', fromBlock: 5, toBlock: 7 })).toMatchObject({
      toBlock: 7,
      complete: true,
      toHash: chain[7]?.hash,
    });
    expect(await coverage({ kind: 'range', fromBlock: 10, toBlock: 99 })).toMatchObject({
      toBlock: 19,
      complete: false,
    });
    expect(await coverage({ kind: 'range', fromBlock: 8, toBlock: 9 })).toBeUndefined();
    const lacksGenesis = nextNetwork();
    await writeChainEvents(stores.timeseries, appended(lacksGenesis, chain.slice(1), 1));
    const day: StatsScope = { kind: 'window', seconds: 86_400, firstBlock: 0 };
    expect((await read(lacksGenesis, day))?.coverage).toMatchObject({ fromBlock: 1, complete: false });
  });

  it('leaves out transactions whose block is still on its way', async () => {
    const network = nextNetwork();
    const chain = buildChain(undefined, 10, () => ({ txs: [{}] }));
    const events = appended(network, chain, 1);
    await writeChainEvents(stores.timeseries, [...events.slice(0, 4), ...events.slice(6)]);
    await writeChainEvents(withoutBlocks(), events.slice(4, 6));
    expect((await read(network, all))?.stats).toMatchObject({ blocks: 8, transactions: 8 });
  });

  it('counts rows once that were stored twice', async () => {
    const network = nextNetwork();
    const chain = buildChain(undefined, 3, () => ({ txs: [{}, {}] }));
    for (let time = 1; time <= 2; time++) await writeChainEvents(stores.timeseries, appended(network, chain, 1));
    expect(await read(network, all)).toEqual(expectedOf(chain, all));
  });

  it('gives out the chain as it was, or nothing, while the transactions of a block are those of another one', async () => {
    const network = nextNetwork();
    const chain = buildChain(undefined, 4, () => ({ txs: [{}] }));
    const other = buildBlock({ number: 3, parent: chain[2], timestamp: 1_700_000_009, salt: 'other', txs: [{}] });
    await writeChainEvents(stores.timeseries, appended(network, chain, 1));
    const replacing = appended(network, [other], 9);
    await writeChainEvents(withoutBlocks(), replacing);
    const reading = await read(network, all).catch((error: unknown) => error);
    if (!(reading instanceof RetryableError)) expect(reading).toEqual(expectedOf(chain, all));
    // The rows of the block that is still counted go whenever the store merges its parts.
    await stores.timeseries.command('OPTIMIZE TABLE chain_txs FINAL');
    await expect(read(network, all)).rejects.toBeInstanceOf(RetryableError);
    expect((await read(network, { kind: 'range', fromBlock: 0, toBlock: 2 }))?.stats.transactions).toBe(3);
    await writeChainEvents(stores.timeseries, replacing);
    expect((await read(network, all))?.coverage.toHash).toBe(other.hash);
  });

  it('answers for one chain at every moment of a storm of reorgs', async () => {
    const network = nextNetwork();
    let chain = buildChain(undefined, 30, stormBlock(0));
    const expected = new Map([[chain.at(-1)?.hash, expectedOf(chain, all)]]);
    let seq = 1;
    await writeChainEvents(stores.timeseries, appended(network, chain, seq));
    seq += chain.length;
    let storming = true;
    const storm = async (): Promise<void> => {
      for (let round = 1; round <= 30; round++) {
        const kept = chain.slice(0, chain.length - 1 - (round % 7));
        const gone = chain.slice(kept.length).reverse();
        const added = buildChain(kept.at(-1), gone.length + 1, stormBlock(round));
        const retractions = gone.map((block) => retractedEvent(network, block, seq++));
        for (let cut = 0; cut < gone.length; cut++) note(chain.slice(0, chain.length - cut));
        chain = kept;
        for (const block of added) {
          chain = [...chain, block];
          note(chain);
        }
        const events = [...retractions, ...appended(network, added, seq)];
        seq += added.length;
        // As the relay does, in batches cut anywhere.
        const cut = round % events.length;
        await writeChainEvents(stores.timeseries, events.slice(0, cut));
        await writeChainEvents(stores.timeseries, events.slice(cut));
        await sleep(50);
      }
      storming = false;
    };
    const note = (blocks: Block[]): void => void expected.set(blocks.at(-1)?.hash, expectedOf(blocks, all));
    const watch = async (): Promise<number> => {
      let answers = 0;
      while (storming) {
        // On a busy machine the storm may outrun ten reads in a row: "not now" is an answer, a wrong one is not.
        const reading = await readNow(network, all).catch((error: unknown) => {
          if (error instanceof RetryableError) return undefined;
          throw error;
        });
        if (reading === undefined) continue;
        expect(reading.counted).toEqual(expected.get(reading.asOf.hash));
        answers++;
      }
      return answers;
    };
    const [, first, second] = await Promise.all([storm(), watch(), watch()]);
    expect(first + second).toBeGreaterThan(5);
    expect(await read(network, all)).toEqual(expectedOf(chain, all));
  });
});

async function readNow(network: string, scope: StatsScope): Promise<StatsReading> {
  const newest = await findNewestBlock(stores.timeseries, network);
  if (newest === undefined) throw new Error(`${network} has no blocks`);
  return readStats(stores.timeseries, network, scope, newest);
}

async function read(network: string, scope: StatsScope): Promise<StatsReading['counted']> {
  return (await readNow(network, scope)).counted;
}

function nextNetwork(): string {
  networks++;
  return `network_${networks}`;
}

/** A writer that dies between the tables. */
function withoutBlocks(): ChainStores['timeseries'] {
  const { timeseries } = stores;
  return {
    ...timeseries,
    insert: async (table, rows, options) =>
      table === 'chain_blocks' ? undefined : timeseries.insert(table, rows, options),
  };
}

function appended(network: string, blocks: readonly Block[], firstSeq: number): ChainEvent[] {
  return blocks.map(({ number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas, txs, logs }, at) => ({
    kind: 'appended',
    network,
    seq: firstSeq + at,
    ...{ number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas, logs },
    txs: txs.map(({ from, to, ...tx }) => ({ ...tx, sender: from, recipient: to })),
  }));
}

function retractedEvent(network: string, { number, hash, timestamp, txs, logs }: Block, seq: number): ChainEvent {
  return { kind: 'retracted', network, seq, number, hash, timestamp, txCount: txs.length, logCount: logs.length };
}

function stormBlock(round: number) {
  return (number: number) => ({
    salt: round,
    txs: Array.from({ length: (number * 7 + round) % 4 }, (_, at) => ({ gasUsed: `${round}${at}` })),
  });
}

const quantity = fc
  .oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 40n }), fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }))
  .map(String);
const chainTx: fc.Arbitrary<TxParts> = fc.record({
  from: fc.integer({ min: 0, max: 3 }).map(addressOf),
  to: fc.constantFrom(addressOf('somebody'), null),
  status: fc.constantFrom(0, 1, 1, null),
  gasUsed: quantity,
  effectiveGasPrice: fc.option(quantity, { nil: null }),
  l1Fee: fc.option(quantity, { nil: null }),
  logCount: fc.integer({ min: 0, max: 2 }),
});
const chainBlock = fc.record({
  seconds: fc.integer({ min: 0, max: 5 }),
  gasUsed: quantity,
  baseFeePerGas: fc.option(quantity, { nil: null }),
  txs: fc.array(chainTx, { maxLength: 4 }),
});
const chainStep = fc.record({
  depth: fc.integer({ min: 0, max: 6 }),
  blocks: fc.array(chainBlock, { minLength: 1, maxLength: 8 }),
  relayed: fc.boolean(),
});

/** The definitions of ChainStats once more, slow and simple. */
function expectedOf(chain: readonly Block[], scope: StatsScope): StatsReading['counted'] {
  const asOf = chain.at(-1);
  if (asOf === undefined) return undefined;
  const blocks = chain.filter(({ number, timestamp }) => {
    if (scope.kind === 'range') return number >= scope.fromBlock && number <= scope.toBlock;
    return scope.kind === 'all' || timestamp > asOf.timestamp - scope.seconds;
  });
  const [first, last] = [blocks[0], blocks.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const txs = blocks.flatMap((block) => block.txs);
  const times = blocks.map((block) => block.timestamp);
  const span = Math.max(...times) - Math.min(...times);
  const blockTimeSeconds = blocks.length > 1 ? span / (blocks.length - 1) : null;
  const prices = known(txs.map((tx) => tx.effectiveGasPrice)).sort(ascending);
  const fees = txs.flatMap((tx) =>
    tx.effectiveGasPrice === null ? [] : [BigInt(tx.gasUsed) * BigInt(tx.effectiveGasPrice)],
  );
  const baseFees = known(blocks.map((block) => block.baseFeePerGas)).sort(ascending);
  const statuses = txs.filter((tx) => tx.status !== null);
  const stats: ChainStats = {
    blocks: blocks.length,
    transactions: txs.length,
    failedTransactions:
      statuses.length === 0 && txs.length > 0 ? null : statuses.filter((tx) => tx.status === 0).length,
    contractCreations: txs.filter((tx) => tx.to === null).length,
    activeSenders: new Set(txs.map((tx) => tx.from)).size,
    logs: blocks.reduce((sum, block) => sum + block.logs.length, 0),
    gasUsed: total(blocks.map((block) => BigInt(block.gasUsed))).toString(),
    blockTimeSeconds,
    tps: blockTimeSeconds === null || blockTimeSeconds === 0 ? null : txs.length / blocks.length / blockTimeSeconds,
    gasPrice:
      prices.length === 0
        ? null
        : {
            p50: String(prices[Math.floor(0.5 * prices.length)]),
            p95: String(prices[Math.floor(0.95 * prices.length)]),
          },
    executionFees: fees.length === 0 && txs.length > 0 ? null : totals(fees),
    l1DataFees: txs.every((tx) => tx.l1Fee === null) ? null : totals(known(txs.map((tx) => tx.l1Fee))),
    baseFeePerGas:
      baseFees.length === 0
        ? null
        : {
            newest: last.baseFeePerGas,
            min: String(baseFees[0]),
            max: String(baseFees.at(-1)),
            mean: totals(baseFees).mean ?? '',
          },
  };
  const complete = scope.kind !== 'range' || (first.number === scope.fromBlock && last.number === scope.toBlock);
  return { coverage: { fromBlock: first.number, toBlock: last.number, toHash: last.hash, complete }, stats };
}

function known(values: readonly (string | null)[]): bigint[] {
  return values.flatMap((value) => (value === null ? [] : [BigInt(value)]));
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function total(values: readonly bigint[]): bigint {
  return values.reduce((sum, value) => sum + value, 0n);
}

function totals(values: readonly bigint[]): { transactions: number; total: string; mean: string | null } {
  const sum = total(values);
  return {
    transactions: values.length,
    total: String(sum),
    mean: values.length === 0 ? null : String(sum / BigInt(values.length)),
  };
}
