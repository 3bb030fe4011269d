/*
 * The rows that all subjects of the chain bench must agree on: words with a space between, addresses and bytes as
 * lower-case hex, quantities as decimal digits, so that SQL can write them as well as JavaScript.
 */

export interface BlockRow {
  readonly number: bigint | number;
  readonly hash: string;
  readonly parentHash: string;
  /** Seconds since 1970. */
  readonly timestamp: bigint | number;
  readonly txCount: number;
  /** The sum over the block's receipts, so that a missing receipt shows. */
  readonly gasUsed: bigint;
}

export interface TxRow {
  readonly block: bigint | number;
  readonly index: number;
  readonly hash: string;
  readonly from: string;
  /** Null for a contract creation. */
  readonly to: string | null;
  readonly value: bigint;
  readonly status: bigint | number | null;
  readonly gasUsed: bigint;
}

export interface LogRow {
  readonly block: bigint | number;
  /** In the block. */
  readonly index: number;
  readonly txIndex: number;
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

export function blockRow(row: BlockRow): string {
  return `block ${row.number} ${row.hash} ${row.parentHash} ${row.timestamp} ${row.txCount} ${row.gasUsed}`;
}

export function txRow(row: TxRow): string {
  const to = row.to === null ? '-' : row.to.toLowerCase();
  return `tx ${row.block} ${row.index} ${row.hash} ${row.from.toLowerCase()} ${to} ${row.value} ${row.status ?? '-'} ${row.gasUsed}`;
}

export function logRow(row: LogRow): string {
  return `log ${row.block} ${row.index} ${row.txIndex} ${row.address.toLowerCase()} ${row.topics.join(',')} ${row.data}`;
}
