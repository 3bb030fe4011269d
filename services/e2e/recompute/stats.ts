import { type Compared, type Comparison, settle } from './comparison.ts';
import { type Figure, figuresOf, ratio } from './figures.ts';
import { type RawBlock, TooManyError } from './raw-chain.ts';
import { compareEnd } from './reports.ts';
import type { Stamp } from './span.ts';
import type { Subject } from './subject.ts';

// /api/v1/l2/networks/{id}/stats, whose windows and block time are defined otherwise than those of /analytics.

interface Stats {
  readonly network: string;
  readonly asOf: Stamp | null;
  readonly lag: { readonly blocks: number | null; readonly seconds: number | null };
  readonly window: { readonly name: string; readonly seconds: number | null };
  readonly coverage: {
    readonly fromBlock: number;
    readonly toBlock: number;
    readonly toHash: string;
    readonly complete: boolean;
  } | null;
  readonly stats: Readonly<Record<string, unknown>> | null;
}

export async function compareStats(subject: Subject): Promise<Compared[]> {
  const all: Compared[] = [];
  for (const network of subject.chains.keys()) {
    const queries = ['window=1h', 'window=24h', 'window=7d', 'window=all', 'fromBlock=3&toBlock=40'];
    for (const query of queries) {
      const path = `/api/v1/l2/networks/${network}/stats?${query}`;
      all.push(await settle(path, subject.patience, (comparison) => compareOne(subject, path, comparison)));
    }
  }
  return all;
}

async function compareOne(subject: Subject, path: string, comparison: Comparison): Promise<void> {
  const { network, asOf, lag, window, coverage, stats } = await subject.api.json<Stats>(path);
  const chain = subject.chains.get(network);
  if (chain === undefined || asOf === null || coverage === null || stats === null) {
    comparison.note(`${path}: nothing is held of it`);
    return;
  }
  await compareEnd(subject, { network, asOf, lag, head: null, finalBlock: null }, comparison);
  if (subject.stands) comparison.equal('asOf', asOf.hash, (await chain.head()).hash);
  const { fromBlock, toBlock, toHash } = coverage;
  let branch: RawBlock[];
  try {
    branch = await chain.branch(Math.max(0, fromBlock - 1), { number: toBlock, hash: toHash });
  } catch (error) {
    if (!(error instanceof TooManyError)) throw error;
    comparison.note(`${path}: ${error.message}`);
    return;
  }
  const blocks = branch.filter(({ number }) => number >= fromBlock);
  const below = branch.find(({ number }) => number < fromBlock);
  if (window.seconds !== null) {
    const [oldest, start] = [blocks[0]?.timestamp ?? 0, asOf.timestamp - window.seconds];
    comparison.holds('coverage.fromBlock', oldest > start, fromBlock, `younger than ${start}`);
    const isFirst = fromBlock <= (subject.startBlocks.get(network) ?? 0);
    if (coverage.complete || subject.stands)
      comparison.equal('coverage.complete', coverage.complete, isFirst || (below?.timestamp ?? Infinity) <= start);
  }
  if (!coverage.complete && stats.blocks !== blocks.length) {
    comparison.note(`${path}: the platform says that blocks are missing`);
    return;
  }
  compareTree(comparison, 'stats', stats, statsOf(blocks));
}

type Tree = { readonly [name: string]: Figure | Tree };

function statsOf(blocks: readonly RawBlock[]): Tree {
  const all = figuresOf({ blocks, parent: undefined });
  const transactions = blocks.flatMap((block) => block.transactions);
  const [oldest, newest] = [blocks[0]?.timestamp ?? 0, blocks.at(-1)?.timestamp ?? 0];
  const span = BigInt(newest - oldest);
  const many = BigInt(blocks.length - 1);
  const { gasPriceP50: p50 = null, gasPriceP95: p95 = null } = all;
  const fees = (known: number, total: Figure, mean: Figure, isNull: boolean): Tree | null =>
    isNull ? null : { transactions: known, total: total ?? '0', mean };
  const priced = transactions.filter(({ price }) => price !== null).length;
  const l1 = transactions.filter(({ l1Fee }) => l1Fee !== null).length;
  const { blocks: count = 0, transactions: txs = 0, failedTransactions = null, contractCreations = 0 } = all;
  const { activeSenders = 0, logs = 0, gasUsed = '0' } = all;
  return {
    ...{ blocks: count, transactions: txs, failedTransactions, contractCreations, activeSenders, logs, gasUsed },
    blockTimeSeconds: many < 1n ? null : ratio(span, many),
    tps: many < 1n || span === 0n ? null : ratio(BigInt(transactions.length) * many, BigInt(blocks.length) * span),
    gasPrice: p50 === null ? null : { p50, p95 },
    executionFees: fees(
      priced,
      all.executionFeesTotal ?? null,
      all.executionFeeMean ?? null,
      priced === 0 && transactions.length > 0,
    ),
    l1DataFees: fees(l1, all.l1DataFeesTotal ?? null, all.l1DataFeeMean ?? null, l1 === 0),
    baseFeePerGas:
      all.baseFeeMin === null
        ? null
        : {
            newest: blocks.at(-1)?.baseFee?.toString() ?? null,
            min: all.baseFeeMin ?? null,
            max: all.baseFeeMax ?? null,
            mean: all.baseFeeMean ?? null,
          },
  };
}

function compareTree(comparison: Comparison, what: string, said: unknown, computed: Figure | Tree): void {
  if (typeof computed !== 'object' || computed === null || typeof said !== 'object' || said === null) {
    comparison.equal(
      what,
      said,
      typeof computed === 'object' ? (computed === null ? null : JSON.stringify(computed)) : computed,
    );
    return;
  }
  const told = said as Readonly<Record<string, unknown>>;
  for (const name of new Set([...Object.keys(computed), ...Object.keys(told)]))
    compareTree(comparison, `${what}.${name}`, told[name], computed[name] ?? null);
}
