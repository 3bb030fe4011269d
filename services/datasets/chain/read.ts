import type { Relational, Rows } from '../../stores/relational.ts';
import type { Block, Extra, Hex, Tx } from './block.ts';
import { type Intervals, parseMultirange } from './intervals.ts';
import { integerOf } from './rows.ts';
import type { SyncReport } from './status.ts';

/** What identifies a block, and when it was made. */
export interface BlockStamp {
  readonly number: number;
  readonly hash: Hex;
  /** Unix seconds. */
  readonly timestamp: number;
}

/** What a read saw of a network as a whole: the same snapshot as the rows that come with it. */
export interface ChainView {
  /** The newest block held; null while none is. */
  readonly asOf: BlockStamp | null;
  readonly finalizedNumber: number | null;
  /** The block numbers held. */
  readonly synced: Intervals;
  /** Blocks up to this one were dropped for their age, as far as they were held; null while none was. */
  readonly droppedTo: number | null;
  readonly genesisHash: Hex | null;
  /** What chain-sync last said, and how long ago; undefined when it never spoke of the network. */
  readonly reported:
    | { readonly report: Pick<SyncReport, 'state' | 'reason' | 'head'>; readonly ageSeconds: number }
    | undefined;
}

/** A block as it is held: with how many transactions and logs it has in their place. */
export interface BlockHeader extends Omit<Block, 'l1BlockNumber' | 'extra' | 'txs' | 'logs'> {
  readonly l1BlockNumber: number | null;
  readonly txCount: number;
  readonly logCount: number;
}

/** A transaction as it is held, with what identifies its block. */
export interface TxOfBlock extends Omit<Tx, 'status' | 'l1BlockNumber' | 'extra'> {
  readonly block: BlockStamp;
  readonly status: number | null;
  readonly l1BlockNumber: number | null;
}

/** Which rows of a network to read, newest first. Both bounds are inclusive. */
export interface PageQuery {
  readonly fromBlock?: number | undefined;
  readonly toBlock?: number | undefined;
  readonly limit: number;
}

/** Some rows, and whether older ones that fit the query follow. */
export interface Page<Row> {
  readonly view: ChainView;
  readonly rows: readonly Row[];
  readonly more: boolean;
}

/** A place among transactions: the next page holds what is older than it. */
export interface TxPlace {
  readonly block: number;
  readonly index: number;
}

/** Bytes as a Hex: PostgreSQL writes it at once, where the driver would make a Buffer of each to be written again. */
export const hex = (column: string): string => `'0x' || encode(${column}, 'hex')`;
const blockColumns = `b.number, ${hex('b.hash')} AS hash, b.timestamp, ${hex('b.parent_hash')} AS parent_hash, ${hex('b.miner')} AS miner,
  b.gas_limit, b.gas_used, b.base_fee_per_gas, b.blob_gas_used, b.excess_blob_gas, b.l1_block_number, b.size_bytes, b.tx_count, b.log_count`;
const txColumns = `t.block_number, t.tx_index, ${hex('t.hash')} AS hash, t.type, ${hex('t.sender')} AS sender, ${hex('t.recipient')} AS recipient,
  t.value, t.nonce, ${hex('t.method')} AS method, t.input_bytes, t.gas_limit, t.gas_price, t.max_fee_per_gas, t.max_priority_fee_per_gas,
  t.max_fee_per_blob_gas, t.status, t.gas_used, t.effective_gas_price, ${hex('t.contract_address')} AS contract_address, t.log_count,
  t.blob_gas_used, t.blob_gas_price, t.l1_fee, t.l1_gas_used, t.l1_gas_price, t.l1_block_number, t.gas_used_for_l1`;
/** By number, transaction for transaction: a join, which the planner may turn around, would read the whole table of a short chain. */
const blockOfTx = `(SELECT json_build_object('hash', ${hex('b.hash')}, 'timestamp', b.timestamp::text)
  FROM chain.blocks b WHERE b.network = t.network AND b.number = t.block_number) AS block`;

/** int8's own bounds stand for "no bound", so that one statement serves all queries. */
export const numberBounds = { lowest: '0', highest: '9223372036854775807' } as const;

const txPage = withView(
  `SELECT ${txColumns}, ${blockOfTx}, row_number() OVER (ORDER BY t.block_number DESC, t.tx_index DESC)::int4 AS place
     FROM chain.txs t
    WHERE t.network = $1 AND t.block_number BETWEEN $2 AND $3 AND (t.block_number, t.tx_index) < ($4, $5)
    ORDER BY t.block_number DESC, t.tx_index DESC LIMIT $6`,
);

/** Transactions of a network older than the place `before`, newest first: by block, then by index in the block. */
export async function readTxPage(
  relational: Relational,
  network: string,
  query: PageQuery & { readonly before?: TxPlace | undefined },
): Promise<Page<TxOfBlock>> {
  const { fromBlock, toBlock, before, limit } = query;
  const { lowest, highest } = numberBounds;
  const bounds = [fromBlock ?? lowest, toBlock ?? highest, before?.block ?? highest, before?.index ?? 0];
  const { view, rows } = await readWithView<TxRow>(relational, txPage, [network, ...bounds, limit + 1]);
  return { view, rows: rows.slice(0, limit).map(txOf), more: rows.length > limit };
}

const oneBlock = withView(
  `SELECT ${blockColumns}, b.extra, 1 AS place FROM chain.blocks b WHERE b.network = $1 AND b.number = $2`,
);

/** One block by its number, with the L2 fields that have no column; undefined when it is not held. */
export async function findBlock(
  relational: Relational,
  network: string,
  number: number,
): Promise<{ view: ChainView; found: (BlockHeader & { extra: Extra | null }) | undefined }> {
  const { view, rows } = await readWithView<BlockRow & { extra: Extra | null }>(relational, oneBlock, [
    network,
    number,
  ]);
  return { view, found: rows[0] === undefined ? undefined : { ...blockOf(rows[0]), extra: rows[0].extra } };
}

// A hash may stand in several networks, and in one network twice (before EIP-155, and on chains that replay): the newest wins.
const oneTx = withView(
  `SELECT ${txColumns}, t.extra, ${blockOfTx}, 1 AS place FROM chain.txs t
    WHERE t.hash = $2 AND t.network = $1 ORDER BY t.block_number DESC, t.tx_index DESC LIMIT 1`,
);

/** One transaction by its hash, with the L2 fields that have no column; undefined when it is not held. */
export async function findTx(
  relational: Relational,
  network: string,
  hash: Hex,
): Promise<{ view: ChainView; found: (TxOfBlock & { extra: Extra | null }) | undefined }> {
  const { view, rows } = await readWithView<TxRow & { extra: Extra | null }>(relational, oneTx, [
    network,
    Buffer.from(hash.slice(2), 'hex'),
  ]);
  return { view, found: rows[0] === undefined ? undefined : { ...txOf(rows[0]), extra: rows[0].extra } };
}

const hashAt = withView(
  `SELECT ${hex('b.hash')} AS hash, 1 AS place FROM chain.blocks b WHERE b.network = $1 AND b.number = $2`,
);

/** What is held of a network as a whole, and the hash of one block; undefined when it is not held or none is asked for. */
export async function readView(
  relational: Relational,
  network: string,
  number?: number,
): Promise<{ view: ChainView; hash: Hex | undefined }> {
  const { view, rows } = await readWithView<{ hash: Hex }>(relational, hashAt, [network, number ?? null]);
  return { view, hash: rows[0]?.hash };
}

/** The last report of one network with its age in seconds; undefined when chain-sync never spoke of it. */
export async function findStatus(
  rows: Rows,
  network: string,
): Promise<{ report: SyncReport; ageSeconds: number } | undefined> {
  const found = await rows.query<{ report: SyncReport; age: number }>(
    'SELECT report, extract(epoch FROM now() - updated_at)::float8 AS age FROM chain.status WHERE network = $1',
    [network],
  );
  return found[0] === undefined ? undefined : { report: found[0].report, ageSeconds: found[0].age };
}

/** The newest block held of each network that chain-sync reports on. */
export async function readNewest(rows: Rows): Promise<Map<string, BlockStamp>> {
  const found = await rows.query<{ network: string; number: string; hash: Hex; timestamp: string }>(
    `SELECT s.network, b.number, ${hex('b.hash')} AS hash, b.timestamp FROM chain.status s
      CROSS JOIN LATERAL (SELECT number, hash, timestamp FROM chain.blocks
                           WHERE network = s.network ORDER BY number DESC LIMIT 1) b`,
  );
  return new Map(found.map((row) => [row.network, stampOf(row)]));
}

/** A read that takes longer than this is not for an API; it is ended, and the caller is told to try again. */
const readTimeoutMs = 10_000;

interface ViewJson {
  readonly synced: string | null;
  readonly droppedTo: string | null;
  readonly finalizedNumber: string | null;
  readonly genesisHash: Hex | null;
  readonly newest: { readonly number: string; readonly hash: Hex; readonly timestamp: string } | null;
  readonly reported: ChainView['reported'] | null;
}

/** Rows of a view's own statement: the view comes with the first of them, or alone where there are none. */
type WithView<Row> = (Row & { readonly place: number } & { readonly view: ViewJson | null }) | ViewAlone;
interface ViewAlone {
  readonly view: ViewJson | null;
  readonly place: null;
}

/**
 * The text of a query of `rows`, which have a `place` counted from 1, together with the view of the network $1. As one statement
 * both are of one snapshot, in which no block can join or leave between two reads, and cost one round trip.
 */
export function withView(rows: string): string {
  return `SELECT CASE WHEN r.place IS NULL OR r.place = 1 THEN json_build_object(
      'synced', c.synced::text,
      'droppedTo', c.dropped_to::text,
      'finalizedNumber', c.finalized_number::text,
      'genesisHash', ${hex('c.genesis_hash')},
      'newest', CASE WHEN n.number IS NOT NULL THEN json_build_object(
        'number', n.number::text, 'hash', ${hex('n.hash')}, 'timestamp', n.timestamp::text) END,
      'reported', CASE WHEN s.network IS NOT NULL THEN json_build_object(
        'report', json_build_object('state', s.report->'state', 'reason', s.report->'reason', 'head', s.report->'head'),
        'ageSeconds', extract(epoch FROM now() - s.updated_at)::float8) END) END AS view, r.*
    FROM (SELECT $1::text AS network) asked
    LEFT JOIN chain.cursors c ON c.network = asked.network
    LEFT JOIN chain.status s ON s.network = asked.network
    LEFT JOIN LATERAL (SELECT number, hash, timestamp FROM chain.blocks
                        WHERE network = c.network ORDER BY number DESC LIMIT 1) n ON true
    LEFT JOIN LATERAL (${rows}) r ON true`;
}

/** Runs a text of `withView`; its rows by their `place`. */
export async function readWithView<Row extends object>(
  relational: Relational,
  text: string,
  values: readonly unknown[],
): Promise<{ view: ChainView; rows: Row[] }> {
  const found = await relational.query<WithView<Row>>(text, values, { prepared: true, timeoutMs: readTimeoutMs });
  // They come in order already, which no statement without ORDER BY owes; PostgreSQL would copy them all to be sure.
  found.sort((a, b) => (a.place ?? 0) - (b.place ?? 0));
  const [first] = found;
  if (first === undefined || first.view === null) throw new Error('no view came with the rows');
  return { view: viewOf(first.view), rows: first.place === null ? [] : (found as Row[]) };
}

function viewOf({ synced, droppedTo, finalizedNumber, genesisHash, newest, reported }: ViewJson): ChainView {
  return {
    asOf: newest === null ? null : stampOf(newest),
    finalizedNumber: optionalIntegerOf(finalizedNumber),
    synced: synced === null ? [] : parseMultirange(synced),
    droppedTo: optionalIntegerOf(droppedTo),
    genesisHash,
    reported: reported ?? undefined,
  };
}

function stampOf(row: { readonly number: string; readonly hash: Hex; readonly timestamp: string }): BlockStamp {
  return { number: integerOf(row.number), hash: row.hash, timestamp: integerOf(row.timestamp) };
}

function optionalIntegerOf(text: string | null): number | null {
  return text === null ? null : integerOf(text);
}

interface BlockRow {
  readonly number: string;
  readonly hash: Hex;
  readonly timestamp: string;
  readonly parent_hash: Hex;
  readonly miner: Hex | null;
  readonly gas_limit: string;
  readonly gas_used: string;
  readonly base_fee_per_gas: string | null;
  readonly blob_gas_used: string | null;
  readonly excess_blob_gas: string | null;
  readonly l1_block_number: string | null;
  readonly size_bytes: number | null;
  readonly tx_count: number;
  readonly log_count: number;
}

function blockOf(row: BlockRow): BlockHeader {
  return {
    number: integerOf(row.number),
    hash: row.hash,
    timestamp: integerOf(row.timestamp),
    parentHash: row.parent_hash,
    miner: row.miner,
    gasLimit: row.gas_limit,
    gasUsed: row.gas_used,
    baseFeePerGas: row.base_fee_per_gas,
    blobGasUsed: row.blob_gas_used,
    excessBlobGas: row.excess_blob_gas,
    l1BlockNumber: optionalIntegerOf(row.l1_block_number),
    sizeBytes: row.size_bytes,
    txCount: row.tx_count,
    logCount: row.log_count,
  };
}

interface TxRow {
  /** Null when it is not held, which no transaction survives. */
  readonly block: { readonly hash: Hex; readonly timestamp: string } | null;
  readonly block_number: string;
  readonly tx_index: number;
  readonly hash: Hex;
  readonly type: number;
  readonly sender: Hex;
  readonly recipient: Hex | null;
  readonly value: string;
  readonly nonce: string;
  readonly method: Hex | null;
  readonly input_bytes: number;
  readonly gas_limit: string;
  readonly gas_price: string | null;
  readonly max_fee_per_gas: string | null;
  readonly max_priority_fee_per_gas: string | null;
  readonly max_fee_per_blob_gas: string | null;
  readonly status: number | null;
  readonly gas_used: string;
  readonly effective_gas_price: string | null;
  readonly contract_address: Hex | null;
  readonly log_count: number;
  readonly blob_gas_used: string | null;
  readonly blob_gas_price: string | null;
  readonly l1_fee: string | null;
  readonly l1_gas_used: string | null;
  readonly l1_gas_price: string | null;
  readonly l1_block_number: string | null;
  readonly gas_used_for_l1: string | null;
}

function txOf(row: TxRow): TxOfBlock {
  const { block, block_number: number } = row;
  if (block === null) throw new Error(`block ${number} has transactions and no header`);
  return {
    block: stampOf({ number, ...block }),
    index: row.tx_index,
    hash: row.hash,
    type: row.type,
    from: row.sender,
    to: row.recipient,
    value: row.value,
    nonce: row.nonce,
    method: row.method,
    inputBytes: row.input_bytes,
    gasLimit: row.gas_limit,
    gasPrice: row.gas_price,
    maxFeePerGas: row.max_fee_per_gas,
    maxPriorityFeePerGas: row.max_priority_fee_per_gas,
    maxFeePerBlobGas: row.max_fee_per_blob_gas,
    status: row.status,
    gasUsed: row.gas_used,
    effectiveGasPrice: row.effective_gas_price,
    contractAddress: row.contract_address,
    logCount: row.log_count,
    blobGasUsed: row.blob_gas_used,
    blobGasPrice: row.blob_gas_price,
    l1Fee: row.l1_fee,
    l1GasUsed: row.l1_gas_used,
    l1GasPrice: row.l1_gas_price,
    l1BlockNumber: optionalIntegerOf(row.l1_block_number),
    gasUsedForL1: row.gas_used_for_l1,
  };
}
