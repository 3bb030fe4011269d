import type { Relational, Rows, Transaction } from '../../stores/relational.ts';
import type { Block, Extra, Hex, Tx } from './block.ts';
import { type Intervals, parseMultirange } from './intervals.ts';
import { hexOf, integerOf, optionalHexOf } from './rows.ts';
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
  readonly genesisHash: Hex | null;
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

const blockColumns =
  'b.number, b.hash, b.timestamp, b.parent_hash, b.miner, b.gas_limit, b.gas_used, b.base_fee_per_gas, b.blob_gas_used, b.excess_blob_gas, b.l1_block_number, b.size_bytes, b.tx_count, b.log_count';
const txColumns =
  't.block_number, t.tx_index, t.hash, t.type, t.sender, t.recipient, t.value, t.nonce, t.method, t.input_bytes, t.gas_limit, t.gas_price, t.max_fee_per_gas, t.max_priority_fee_per_gas, t.max_fee_per_blob_gas, t.status, t.gas_used, t.effective_gas_price, t.contract_address, t.log_count, t.blob_gas_used, t.blob_gas_price, t.l1_fee, t.l1_gas_used, t.l1_gas_price, t.l1_block_number, t.gas_used_for_l1';

/** int8's own bounds stand for "no bound", so that one statement serves all queries. */
const lowest = '0';
const highest = '9223372036854775807';

/** Blocks of a network below `before`, newest first. */
export function readBlockPage(
  relational: Relational,
  network: string,
  query: PageQuery & { readonly before?: number | undefined },
): Promise<Page<BlockHeader>> {
  const { fromBlock, toBlock, before, limit } = query;
  return inSnapshot(relational, network, async (tx) => {
    const rows = await tx.query<BlockRow>(
      `SELECT ${blockColumns} FROM chain.blocks b
        WHERE b.network = $1 AND b.number BETWEEN $2 AND $3 AND b.number < $4
        ORDER BY b.number DESC LIMIT $5`,
      [network, fromBlock ?? lowest, toBlock ?? highest, before ?? highest, limit + 1],
    );
    return { rows: rows.slice(0, limit).map(blockOf), more: rows.length > limit };
  });
}

/** Transactions of a network older than the place `before`, newest first: by block, then by index in the block. */
export function readTxPage(
  relational: Relational,
  network: string,
  query: PageQuery & { readonly before?: TxPlace | undefined },
): Promise<Page<TxOfBlock>> {
  const { fromBlock, toBlock, before, limit } = query;
  return inSnapshot(relational, network, async (tx) => {
    const rows = await tx.query<TxRow>(
      `SELECT ${txColumns} FROM chain.txs t
        WHERE t.network = $1 AND t.block_number BETWEEN $2 AND $3 AND (t.block_number, t.tx_index) < ($4, $5)
        ORDER BY t.block_number DESC, t.tx_index DESC LIMIT $6`,
      [network, fromBlock ?? lowest, toBlock ?? highest, before?.block ?? highest, before?.index ?? 0, limit + 1],
    );
    return { rows: await withBlocks(tx, network, rows.slice(0, limit)), more: rows.length > limit };
  });
}

/** One block by its number, with the L2 fields that have no column; undefined when it is not held. */
export async function findBlock(
  relational: Relational,
  network: string,
  number: number,
): Promise<{ view: ChainView; found: (BlockHeader & { extra: Extra | null }) | undefined }> {
  return inSnapshot(relational, network, async (tx) => {
    const rows = await tx.query<BlockRow & { extra: Extra | null }>(
      `SELECT ${blockColumns}, b.extra FROM chain.blocks b WHERE b.network = $1 AND b.number = $2`,
      [network, number],
    );
    return { found: rows[0] === undefined ? undefined : { ...blockOf(rows[0]), extra: rows[0].extra } };
  });
}

/** One transaction by its hash, with the L2 fields that have no column; undefined when it is not held. */
export async function findTx(
  relational: Relational,
  network: string,
  hash: Hex,
): Promise<{ view: ChainView; found: (TxOfBlock & { extra: Extra | null }) | undefined }> {
  return inSnapshot(relational, network, async (tx) => {
    // A hash may stand in several networks, and in one network twice (before EIP-155, and on chains that replay): the newest wins.
    const rows = await tx.query<TxRow & { extra: Extra | null }>(
      `SELECT ${txColumns}, t.extra FROM chain.txs t
        WHERE t.hash = $2 AND t.network = $1 ORDER BY t.block_number DESC, t.tx_index DESC LIMIT 1`,
      [network, Buffer.from(hash.slice(2), 'hex')],
    );
    const [found] = await withBlocks(tx, network, rows);
    return { found: found === undefined ? undefined : { ...found, extra: rows[0]?.extra ?? null } };
  });
}

/** Rows with the stamps of their blocks, asked for by number: a join would read the whole table of a short chain. */
async function withBlocks(rows: Rows, network: string, txs: readonly TxRow[]): Promise<TxOfBlock[]> {
  if (txs.length === 0) return [];
  const numbers = [...new Set(txs.map((tx) => tx.block_number))];
  const blocks = await rows.query<{ number: string; hash: Buffer; timestamp: string }>(
    'SELECT number, hash, timestamp FROM chain.blocks WHERE network = $1 AND number = ANY ($2::int8[])',
    [network, numbers],
  );
  const stamps = new Map(blocks.map((block) => [block.number, stampOf(block)]));
  return txs.map((tx) => {
    const stamp = stamps.get(tx.block_number);
    if (stamp === undefined) throw new Error(`${network}: block ${tx.block_number} has transactions and no header`);
    return txOf(tx, stamp);
  });
}

/** What is held of a network as a whole. */
export async function readView(relational: Relational, network: string): Promise<ChainView> {
  return (await inSnapshot(relational, network, async () => ({}))).view;
}

/** The hash of a stored block, or undefined when it is not held. */
export async function findHash(rows: Rows, network: string, number: number): Promise<Hex | undefined> {
  const found = await rows.query<{ hash: Buffer }>('SELECT hash FROM chain.blocks WHERE network = $1 AND number = $2', [
    network,
    number,
  ]);
  return found[0] === undefined ? undefined : hexOf(found[0].hash);
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
  const found = await rows.query<{ network: string; number: string; hash: Buffer; timestamp: string }>(
    `SELECT s.network, b.number, b.hash, b.timestamp FROM chain.status s
      CROSS JOIN LATERAL (SELECT number, hash, timestamp FROM chain.blocks
                           WHERE network = s.network ORDER BY number DESC LIMIT 1) b`,
  );
  return new Map(found.map((row) => [row.network, stampOf(row)]));
}

/** A read that takes longer than this is not for an API; PostgreSQL ends it, and the caller is told to try again. */
const statementSeconds = 10;

/** Runs the reads and the view in one snapshot: between two of them no block can join or leave. */
async function inSnapshot<R extends object>(
  relational: Relational,
  network: string,
  read: (tx: Transaction) => Promise<R>,
): Promise<R & { view: ChainView }> {
  return relational.transaction(async (tx) => {
    await tx.query(
      `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '${statementSeconds}s'`,
    );
    const [row] = await tx.query<ViewRow>(
      `SELECT c.synced::text AS synced, c.finalized_number, c.genesis_hash, b.number, b.hash, b.timestamp
         FROM chain.cursors c
         LEFT JOIN LATERAL (SELECT number, hash, timestamp FROM chain.blocks
                             WHERE network = c.network ORDER BY number DESC LIMIT 1) b ON true
        WHERE c.network = $1`,
      [network],
    );
    return { ...(await read(tx)), view: viewOf(row) };
  });
}

interface ViewRow {
  readonly synced: string;
  readonly finalized_number: string | null;
  readonly genesis_hash: Buffer | null;
  readonly number: string | null;
  readonly hash: Buffer | null;
  readonly timestamp: string | null;
}

function viewOf(row: ViewRow | undefined): ChainView {
  if (row === undefined) return { asOf: null, finalizedNumber: null, synced: [], genesisHash: null };
  const { number, hash, timestamp } = row;
  return {
    asOf: number === null || hash === null || timestamp === null ? null : stampOf({ number, hash, timestamp }),
    finalizedNumber: optionalIntegerOf(row.finalized_number),
    synced: parseMultirange(row.synced),
    genesisHash: row.genesis_hash === null ? null : hexOf(row.genesis_hash),
  };
}

function stampOf(row: { readonly number: string; readonly hash: Buffer; readonly timestamp: string }): BlockStamp {
  return { number: integerOf(row.number), hash: hexOf(row.hash), timestamp: integerOf(row.timestamp) };
}

function optionalIntegerOf(text: string | null): number | null {
  return text === null ? null : integerOf(text);
}

interface BlockRow {
  readonly number: string;
  readonly hash: Buffer;
  readonly timestamp: string;
  readonly parent_hash: Buffer;
  readonly miner: Buffer | null;
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
    ...stampOf(row),
    parentHash: hexOf(row.parent_hash),
    miner: optionalHexOf(row.miner),
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
  readonly block_number: string;
  readonly tx_index: number;
  readonly hash: Buffer;
  readonly type: number;
  readonly sender: Buffer;
  readonly recipient: Buffer | null;
  readonly value: string;
  readonly nonce: string;
  readonly method: Buffer | null;
  readonly input_bytes: number;
  readonly gas_limit: string;
  readonly gas_price: string | null;
  readonly max_fee_per_gas: string | null;
  readonly max_priority_fee_per_gas: string | null;
  readonly max_fee_per_blob_gas: string | null;
  readonly status: number | null;
  readonly gas_used: string;
  readonly effective_gas_price: string | null;
  readonly contract_address: Buffer | null;
  readonly log_count: number;
  readonly blob_gas_used: string | null;
  readonly blob_gas_price: string | null;
  readonly l1_fee: string | null;
  readonly l1_gas_used: string | null;
  readonly l1_gas_price: string | null;
  readonly l1_block_number: string | null;
  readonly gas_used_for_l1: string | null;
}

function txOf(row: TxRow, block: BlockStamp): TxOfBlock {
  return {
    block,
    index: row.tx_index,
    hash: hexOf(row.hash),
    type: row.type,
    from: hexOf(row.sender),
    to: optionalHexOf(row.recipient),
    value: row.value,
    nonce: row.nonce,
    method: optionalHexOf(row.method),
    inputBytes: row.input_bytes,
    gasLimit: row.gas_limit,
    gasPrice: row.gas_price,
    maxFeePerGas: row.max_fee_per_gas,
    maxPriorityFeePerGas: row.max_priority_fee_per_gas,
    maxFeePerBlobGas: row.max_fee_per_blob_gas,
    status: row.status,
    gasUsed: row.gas_used,
    effectiveGasPrice: row.effective_gas_price,
    contractAddress: optionalHexOf(row.contract_address),
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
