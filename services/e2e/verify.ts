import { readNode, readRelational, readTimeseries, type StoredChain } from '../chain-pipeline-fixture.ts';
import { findHoles } from '../market-pipeline-fixture.ts';
import type { Relational } from '../stores/relational.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import type { Platform } from './platform.ts';
import type { SourceChain, Sources } from './sources.ts';
import { compareRows, sumOf, type Verified } from './verified.ts';
import { verifyLongerBars, verifySeconds } from './verify-bars.ts';
import { verifyWindows } from './verify-windows.ts';

interface Stores {
  readonly relational: Relational;
  readonly timeseries: Timeseries;
}

/** All that the stores hold, against the sources. Nothing may move meanwhile but the market. */
export async function verifyStores(stores: Stores, sources: Sources): Promise<Verified> {
  const parts: Verified[] = [];
  for (const chain of sources.chains) parts.push(await verifyChain(stores, chain, sources.catalog));
  for (const symbol of sources.symbols) {
    parts.push(await verifyRecords(stores.relational, symbol), await verifySeconds(stores, symbol));
  }
  parts.push(await verifyLongerBars(stores.timeseries));
  return sumOf(parts);
}

/** Both stores against the node itself, row by row, and the windows that are made of the rows. */
async function verifyChain(stores: Stores, { id, node }: SourceChain, catalog: string): Promise<Verified> {
  const expected = await readNode(node);
  const relational = await readRelational(stores.relational, id);
  const timeseries = await readTimeseries(stores.timeseries, id);
  return sumOf([
    ...comparisons(`PostgreSQL, ${id}`, relational, expected.relational),
    ...comparisons(`ClickHouse, ${id}`, timeseries, expected.timeseries),
    await verifyWindows({ ...stores, catalog, network: id, chain: expected.chain }),
  ]);
}

/** What is made of rows in a time series store of its own: windows against the node, longer bars against seconds. Nothing may move. */
export async function verifyMade(timeseries: Timeseries, { chains, catalog }: Sources): Promise<Verified> {
  const parts: Verified[] = [];
  for (const { id, node } of chains) {
    const { chain } = await readNode(node);
    parts.push(await verifyWindows({ timeseries, catalog, network: id, chain }));
  }
  return sumOf([...parts, await verifyLongerBars(timeseries)]);
}

/** Blocks, transactions and totals of the API against the node. */
export async function verifyAnswers({ analyticsUrl, name }: Platform, { id, node }: SourceChain): Promise<Verified> {
  const { relational } = await readNode(node);
  const network = `${analyticsUrl}/api/v1/l2/networks/${id}`;
  const hashesOf = (rows: readonly object[]): object[] =>
    rows.map((row) => ({ hash: 'hash' in row ? String(row.hash) : '' }));
  const blocks = compareRows(
    `${name}: blocks of ${id}`,
    await allOf(`${network}/blocks`, 'blocks'),
    hashesOf(relational.blocks),
  );
  const txs = compareRows(
    `${name}: transactions of ${id}`,
    await allOf(`${network}/txs`, 'txs'),
    hashesOf(relational.txs),
  );
  const { stats } = (await ask(`${network}/stats?window=all`)) as { stats: Record<string, unknown> | null };
  const gasUsed = relational.blocks.reduce(
    (sum, block) => sum + BigInt('gas_used' in block ? String(block.gas_used) : 0),
    0n,
  );
  const totals = { blocks: relational.blocks.length, transactions: relational.txs.length, gasUsed: String(gasUsed) };
  const wrong = Object.entries(totals).filter(([key, value]) => stats?.[key] !== value);
  const faults = wrong.map(
    ([key, value]) => `${name}: ${key} of ${id} is ${String(stats?.[key])}, and the chain has ${value}`,
  );
  return sumOf([blocks, txs, { rows: 3, lost: 0, doubled: 0, faults }]);
}

/** Every update of a pair's book continues the one before, or a gap says what is missing between them. */
async function verifyRecords(relational: Relational, symbol: string): Promise<Verified> {
  const { updates, unexplained, doubled } = await findHoles(relational, symbol);
  const faults = unexplained.map((hole) => `PostgreSQL: updates of ${symbol} from ${hole}, are missing without a gap`);
  if (updates === 0) faults.push(`PostgreSQL: there are no updates of ${symbol}`);
  if (doubled > 0) faults.push(`PostgreSQL: ${doubled} records of ${symbol} are there twice`);
  return { rows: updates, lost: unexplained.length, doubled, faults };
}

function comparisons(where: string, held: StoredChain, expected: StoredChain): Verified[] {
  const kinds = ['blocks', 'txs', 'logs'] as const;
  return kinds.map((kind) => compareRows(`${where} ${kind}`, held[kind], expected[kind]));
}

async function allOf(path: string, key: string): Promise<object[]> {
  const hashes: object[] = [];
  for (let next: string | null = ''; next !== null; ) {
    const page = (await ask(`${path}?limit=1000${next === '' ? '' : `&before=${next}`}`)) as Record<string, unknown>;
    hashes.push(...(page[key] as { hash: string }[]).map(({ hash }) => ({ hash })));
    next = page.next as string | null;
  }
  return hashes;
}

export async function ask(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}
