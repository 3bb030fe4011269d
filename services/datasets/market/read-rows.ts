import type { Rows } from '../../stores/relational.ts';
import type { MarketRecord, RecordKind } from './record.ts';

/** What `recordOf` reads. Levels as text: the driver would parse JSON, and its numbers are not what the exchange wrote. */
export const selectedColumns = `symbol, kind, update_id, first_update_id, previous_update_id,
  (extract(epoch FROM event_time) * 1000)::int8 AS event_ms, (extract(epoch FROM received_at) * 1000)::int8 AS received_ms,
  bid, bid_size, ask, ask_size, price, size, buyer_is_maker, bids::text AS bids, asks::text AS asks, bid_floor, ask_ceiling`;

export interface RecordRow {
  readonly symbol: string;
  readonly kind: RecordKind;
  readonly update_id: string;
  readonly first_update_id: string | null;
  readonly previous_update_id: string | null;
  readonly event_ms: string;
  readonly received_ms: string;
  readonly bid: string | null;
  readonly bid_size: string | null;
  readonly ask: string | null;
  readonly ask_size: string | null;
  readonly price: string | null;
  readonly size: string | null;
  readonly buyer_is_maker: boolean | null;
  readonly bids: string | null;
  readonly asks: string | null;
  readonly bid_floor: string | null;
  readonly ask_ceiling: string | null;
}

/** A record as it was written, digit by digit. */
export function recordOf(row: RecordRow): MarketRecord {
  return {
    symbol: row.symbol,
    kind: row.kind,
    // Ids and times came as JavaScript integers.
    updateId: Number(row.update_id),
    firstUpdateId: row.first_update_id === null ? null : Number(row.first_update_id),
    previousUpdateId: row.previous_update_id === null ? null : Number(row.previous_update_id),
    eventTimeMs: Number(row.event_ms),
    receivedAtMs: Number(row.received_ms),
    bid: row.bid,
    bidSize: row.bid_size,
    ask: row.ask,
    askSize: row.ask_size,
    price: row.price,
    size: row.size,
    buyerIsMaker: row.buyer_is_maker,
    bids: row.bids,
    asks: row.asks,
    bidFloor: row.bid_floor,
    askCeiling: row.ask_ceiling,
  };
}

/** Runs a query that takes records. */
export async function queryRecords(rows: Rows, text: string, values: readonly unknown[]): Promise<MarketRecord[]> {
  return (await rows.query<RecordRow>(text, values)).map(recordOf);
}

/** Unix milliseconds as PostgreSQL takes them. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
