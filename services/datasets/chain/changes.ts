import type { Relational, Rows } from '../../stores/relational.ts';
import type { Decimal, Hex } from './block.ts';
import { hexOf, integerOf } from './rows.ts';

/** The topic on which every change of every canonical chain is published, keyed by network, in the order of `seq`. */
export const chainTopic = 'chain.blocks';

/** A block joined the canonical chain. The parts of it that the timeseries store keeps. */
export interface BlockAppended {
  readonly kind: 'appended';
  readonly network: string;
  readonly seq: number;
  readonly number: number;
  readonly hash: Hex;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly gasLimit: Decimal;
  readonly gasUsed: Decimal;
  readonly baseFeePerGas: Decimal | null;
  readonly txs: readonly TxAppended[];
  readonly logs: readonly LogAppended[];
}

export interface TxAppended {
  readonly index: number;
  readonly hash: Hex;
  readonly type: number;
  readonly sender: Hex;
  readonly recipient: Hex | null;
  readonly value: Decimal;
  readonly method: Hex | null;
  readonly status: number | null;
  readonly gasUsed: Decimal;
  readonly effectiveGasPrice: Decimal | null;
  readonly l1Fee: Decimal | null;
  readonly contractAddress: Hex | null;
}

export interface LogAppended {
  readonly index: number;
  readonly txIndex: number;
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** A block left the canonical chain: all that was said of it is to be taken back. */
export interface BlockRetracted {
  readonly kind: 'retracted';
  readonly network: string;
  readonly seq: number;
  readonly number: number;
  readonly hash: Hex;
  readonly timestamp: number;
  readonly txCount: number;
  readonly logCount: number;
}

/** Blocks were seen to become final. */
export interface BlocksFinalized {
  readonly kind: 'finalized';
  readonly network: string;
  readonly seq: number;
  /** The last block that is final. */
  readonly number: number;
  /**
   * The first of the blocks that became final shortly before `observedAtMs`; all from it to `number` are held. Null where it is
   * not known when they did: nobody had looked for a while, or never.
   */
  readonly fromNumber: number | null;
  /** Unix milliseconds. */
  readonly observedAtMs: number;
}

export type ChainEvent = BlockAppended | BlockRetracted | BlocksFinalized;

/** Changes of one network that are not relayed yet, oldest first. */
export interface PendingChanges {
  readonly network: string;
  /** The last change covered: what markRelayed is given once `events` are published. */
  readonly lastSeq: number;
  readonly events: readonly ChainEvent[];
  /** Blocks, transactions and logs that they are about. */
  readonly rows: number;
  /** Changes that come after these. */
  readonly left: number;
}

/** The channel on which each commit notifies, with the network as its payload. */
export const changesChannel = 'chain_changes';

/** Networks that have changes to relay: how many, and up to which they are relayed. */
export async function readBacklog(rows: Rows): Promise<{ network: string; changes: number; relayedSeq: number }[]> {
  const found = await rows.query<{ network: string; changes: string; relayed_seq: string }>(
    'SELECT network, seq - relayed_seq AS changes, relayed_seq FROM chain.cursors WHERE seq > relayed_seq ORDER BY network',
  );
  return found.map((row) => ({
    network: row.network,
    changes: integerOf(row.changes),
    relayedSeq: integerOf(row.relayed_seq),
  }));
}

interface ChangeRow {
  readonly seq: string;
  readonly retract: boolean;
  readonly number: string;
  readonly hash: Buffer;
  readonly tx_count: number;
  readonly log_count: number;
  readonly timestamp: string;
  readonly final_from: string | null;
  /** Null unless blocks became final. */
  readonly final_at_ms: string | null;
  /** The network's newest change. */
  readonly last_seq: string;
}

/**
 * The next changes of a network with their rows, from one snapshot, up to about `rowsMax` transactions and logs.
 * A block that was replaced since is left out: nobody needs it, and its retraction follows.
 */
export async function readPending(
  relational: Relational,
  network: string,
  changesMax: number,
  rowsMax: number,
): Promise<PendingChanges | undefined> {
  return relational.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const found = await tx.query<ChangeRow>(
      `SELECT change.seq, retract, number, hash, tx_count, log_count, timestamp,
              final_from, final_at_ms, cursor.seq AS last_seq
         FROM chain.changes AS change JOIN chain.cursors AS cursor USING (network)
        WHERE network = $1 AND change.seq > cursor.relayed_seq
        ORDER BY change.seq LIMIT $2`,
      [network, changesMax],
    );
    const changes = upToRows(found, rowsMax);
    const last = changes.at(-1);
    if (last === undefined) return undefined;
    const numbers = changes.filter(isAppended).map((change) => change.number);
    const blocks = numbers.length === 0 ? new Map<string, Content>() : await readContents(tx, network, numbers);
    const events = changes.flatMap((change): ChainEvent[] => {
      if (change.final_at_ms !== null) return [finalizedOf(network, change, change.final_at_ms)];
      const place = {
        network,
        seq: integerOf(change.seq),
        number: integerOf(change.number),
        hash: hexOf(change.hash),
        timestamp: integerOf(change.timestamp),
      };
      if (change.retract)
        return [{ kind: 'retracted', ...place, txCount: change.tx_count, logCount: change.log_count }];
      const content = blocks.get(change.number);
      return content?.hash === place.hash ? [{ kind: 'appended', ...place, ...content }] : [];
    });
    const lastSeq = integerOf(last.seq);
    return {
      network,
      lastSeq,
      events,
      rows: changes.reduce((sum, change) => sum + rowsOf(change), 0),
      left: integerOf(last.last_seq) - lastSeq,
    };
  });
}

/**
 * Notes that a network's changes up to `lastSeq` are published, and deletes them. Several relays may do so at once: each began after
 * a change that was published, and published all from there to its own `lastSeq`.
 */
export async function markRelayed(relational: Relational, network: string, lastSeq: number): Promise<void> {
  await relational.query(
    `WITH moved AS (
       UPDATE chain.cursors SET relayed_seq = greatest(relayed_seq, $2) WHERE network = $1
     )
     DELETE FROM chain.changes WHERE network = $1 AND seq <= $2`,
    [network, lastSeq],
  );
}

function isAppended(change: ChangeRow): boolean {
  return !change.retract && change.final_at_ms === null;
}

function finalizedOf(network: string, change: ChangeRow, observedAtMs: string): BlocksFinalized {
  return {
    kind: 'finalized',
    network,
    seq: integerOf(change.seq),
    number: integerOf(change.number),
    fromNumber: change.final_from === null ? null : integerOf(change.final_from),
    observedAtMs: integerOf(observedAtMs),
  };
}

function upToRows(changes: readonly ChangeRow[], rowsMax: number): readonly ChangeRow[] {
  let rows = 0;
  const end = changes.findIndex((change, at) => {
    rows += rowsOf(change);
    return at > 0 && rows > rowsMax;
  });
  return end < 0 ? changes : changes.slice(0, end);
}

function rowsOf(change: ChangeRow): number {
  return 1 + change.tx_count + change.log_count;
}

type Content = Pick<BlockAppended, 'hash' | 'gasLimit' | 'gasUsed' | 'baseFeePerGas'> & {
  txs: TxAppended[];
  logs: LogAppended[];
};

async function readContents(tx: Rows, network: string, numbers: readonly string[]): Promise<Map<string, Content>> {
  const contents = new Map<string, Content>();
  const blocks = await tx.query<{
    number: string;
    hash: Buffer;
    gas_limit: string;
    gas_used: string;
    base_fee_per_gas: string | null;
  }>(
    'SELECT number, hash, gas_limit, gas_used, base_fee_per_gas FROM chain.blocks WHERE network = $1 AND number = ANY ($2::int8[])',
    [network, numbers],
  );
  for (const row of blocks) {
    contents.set(row.number, {
      hash: hexOf(row.hash),
      gasLimit: row.gas_limit,
      gasUsed: row.gas_used,
      baseFeePerGas: row.base_fee_per_gas,
      txs: [],
      logs: [],
    });
  }
  const txs = await tx.query<TxRow>(
    `SELECT block_number, tx_index, ${hex('hash')}, type, ${hex('sender')}, ${hex('recipient')}, value, ${hex('method')},
            status, gas_used, effective_gas_price, l1_fee, ${hex('contract_address')}
       FROM chain.txs AS tx WHERE network = $1 AND block_number = ANY ($2::int8[]) ORDER BY block_number, tx_index`,
    [network, numbers],
  );
  for (const row of txs) contents.get(row.block_number)?.txs.push(txOf(row));
  const logs = await tx.query<LogRow>(
    `SELECT block_number, log_index, tx_index, ${hex('address')}, ${hex('topic0')}, ${hex('topic1')}, ${hex('topic2')}, ${hex('topic3')}, ${hex('data')}
       FROM chain.logs WHERE network = $1 AND block_number = ANY ($2::int8[]) ORDER BY block_number, log_index`,
    [network, numbers],
  );
  for (const row of logs) contents.get(row.block_number)?.logs.push(logOf(row));
  return contents;
}

/** Bytes as hex by the server: a Buffer for each of them, only to be written as hex, takes twice as long. */
function hex(column: string): string {
  return `'0x' || encode(${column}, 'hex') AS ${column}`;
}

interface TxRow {
  readonly block_number: string;
  readonly tx_index: number;
  readonly hash: Hex;
  readonly type: number;
  readonly sender: Hex;
  readonly recipient: Hex | null;
  readonly value: string;
  readonly method: Hex | null;
  readonly status: number | null;
  readonly gas_used: string;
  readonly effective_gas_price: string | null;
  readonly l1_fee: string | null;
  readonly contract_address: Hex | null;
}

function txOf(row: TxRow): TxAppended {
  return {
    index: row.tx_index,
    hash: row.hash,
    type: row.type,
    sender: row.sender,
    recipient: row.recipient,
    value: row.value,
    method: row.method,
    status: row.status,
    gasUsed: row.gas_used,
    effectiveGasPrice: row.effective_gas_price,
    l1Fee: row.l1_fee,
    contractAddress: row.contract_address,
  };
}

interface LogRow {
  readonly block_number: string;
  readonly log_index: number;
  readonly tx_index: number;
  readonly address: Hex;
  readonly topic0: Hex | null;
  readonly topic1: Hex | null;
  readonly topic2: Hex | null;
  readonly topic3: Hex | null;
  readonly data: Hex;
}

function logOf(row: LogRow): LogAppended {
  return {
    index: row.log_index,
    txIndex: row.tx_index,
    address: row.address,
    topics: [row.topic0, row.topic1, row.topic2, row.topic3].flatMap((topic) => (topic === null ? [] : [topic])),
    data: row.data,
  };
}
