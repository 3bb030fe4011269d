import type { Relational } from '../../stores/relational.ts';
import type { Hex } from './block.ts';
import { type ChainView, hex, numberBounds, readWithView, withView } from './read.ts';
import { integerOf } from './rows.ts';

/** Which blocks of a network to read, newest first. The bounds are inclusive; `before` is above all of them. */
export interface BlockPageQuery {
  readonly fromBlock?: number | undefined;
  readonly toBlock?: number | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Some blocks as JSON, newest first, and whether older ones that fit the query follow. */
export interface BlockPage {
  readonly view: ChainView;
  /** The items of a JSON array, with commas between them, each a BlockAnswer of services/contracts. */
  readonly json: string;
  /** What they are; undefined when there are none. */
  readonly blocks: PageBlocks | undefined;
  readonly more: boolean;
}

export interface PageBlocks {
  readonly count: number;
  readonly lowest: number;
  readonly highest: number;
  /** Of the highest. */
  readonly hash: Hex;
}

/** How a value is written, where `%s` is what PostgreSQL makes a text of: integers as digits, numeric exact. */
type Field = readonly [form: '%s' | '"%s"', value: string];
const plain = (column: string): Field => ['%s', column];
const quoted = (text: string): Field => ['"%s"', text];
const quotedOrNull = (text: string): Field => ['%s', `coalesce('"' || ${text} || '"', 'null')`];
const plainOrNull = (column: string): Field => ['%s', `coalesce(${column}::text, 'null')`];

/** In the order of the answer's schema, by which all other answers are written. */
const fields: Readonly<Record<string, Field>> = {
  number: plain('b.number'),
  hash: quoted(hex('b.hash')),
  parentHash: quoted(hex('b.parent_hash')),
  timestamp: plain('b.timestamp'),
  final: plain(`CASE WHEN b.number <= c.finalized_number THEN 'true' ELSE 'false' END`),
  miner: quotedOrNull(hex('b.miner')),
  gasLimit: quoted('b.gas_limit'),
  gasUsed: quoted('b.gas_used'),
  baseFeePerGas: quotedOrNull('b.base_fee_per_gas'),
  blobGasUsed: quotedOrNull('b.blob_gas_used'),
  excessBlobGas: quotedOrNull('b.excess_blob_gas'),
  l1BlockNumber: plainOrNull('b.l1_block_number'),
  sizeBytes: plainOrNull('b.size_bytes'),
  transactions: plain('b.tx_count'),
  logs: plain('b.log_count'),
};
const form = Object.entries(fields).map(([name, [each]]) => `"${name}":${each}`);
const values = Object.values(fields).map(([, value]) => value);
/** One format() takes half the time of json_build_object(). */
const json = `format('{${form.join(',')}}', ${values.join(', ')})`;

/** An aggregate takes rows in the order of its subquery: PostgreSQL's manual, "Aggregate Functions". */
const page = withView(
  `SELECT 1 AS place, p.json, p.count, p.lowest, p.highest,
     (SELECT ${hex('b.hash')} FROM chain.blocks b WHERE b.network = $1 AND b.number = p.highest) AS hash,
     EXISTS (SELECT FROM chain.blocks b WHERE b.network = $1 AND b.number >= $2 AND b.number < p.lowest) AS more
   FROM (SELECT string_agg(q.json, ',') AS json, count(*)::int4 AS count, min(q.number) AS lowest, max(q.number) AS highest
           FROM (SELECT b.number, ${json} AS json FROM chain.blocks b
                  WHERE b.network = $1 AND b.number BETWEEN $2 AND $3 AND b.number < $4
                  ORDER BY b.number DESC LIMIT $5) q) p`,
);

interface PageRow {
  /** Null when no block fits, like all that follow. */
  readonly json: string | null;
  readonly count: number;
  readonly lowest: string | null;
  readonly highest: string | null;
  readonly hash: Hex | null;
  readonly more: boolean;
}

/**
 * Blocks of a network below `before`, newest first. PostgreSQL writes their JSON: a page is one text to the driver and to us, where
 * fifteen hundred values would be read, named and written again.
 */
export async function readBlockPage(
  relational: Relational,
  network: string,
  { fromBlock, toBlock, before, limit }: BlockPageQuery,
): Promise<BlockPage> {
  const { lowest, highest } = numberBounds;
  const bounds = [fromBlock ?? lowest, toBlock ?? highest, before ?? highest];
  const { view, rows } = await readWithView<PageRow>(relational, page, [network, ...bounds, limit]);
  const [row] = rows;
  if (row === undefined || row.json === null || row.lowest === null || row.highest === null || row.hash === null)
    return { view, json: '', blocks: undefined, more: false };
  const blocks = {
    count: row.count,
    lowest: integerOf(row.lowest),
    highest: integerOf(row.highest),
    hash: row.hash,
  };
  return { view, json: row.json, blocks, more: row.more };
}
