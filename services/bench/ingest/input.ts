import { marketDefaults } from '../../../catalog/schema/market-settings.ts';
import type { BooksInput } from '../books/input.ts';

/** What the subjects of the cases that write as fast as they can get. */
export interface IngestInput {
  /** The messages of the streams, and the snapshots that their books start from. */
  readonly books: BooksInput;
  /** What is to be in the table in the end: rows of PostgreSQL's COPY format, a line a message, in the order of the messages. */
  readonly rows: string;
  /** How many. */
  readonly count: number;
  /** The exchange: its REST and its streams. */
  readonly exchange: string;
}

/** What the subject of the steady case gets. */
export interface SteadyInput {
  readonly exchange: string;
  readonly symbols: readonly string[];
  readonly seconds: number;
  /** Of each symbol. */
  readonly updatesPerSecond: number;
}

/** How long a row may wait by the settings that an environment has by itself. */
export const flushIntervalMs = marketDefaults.storage.flushIntervalSeconds * 1000;
