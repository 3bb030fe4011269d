import Type, { type Static } from 'typebox';
import { HttpUrl, WsUrl } from './common.ts';

const closed = { additionalProperties: false };
const whole = (minimum: number, maximum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));

const ExchangeAddress = Type.Object(
  {
    rest: Type.String({ ...HttpUrl, examples: ['https://api.binance.com'] }),
    stream: Type.String({
      ...WsUrl,
      description: 'Without the path, which says the kind of stream',
      examples: ['wss://stream.binance.com'],
    }),
  },
  closed,
);
export type ExchangeAddress = Static<typeof ExchangeAddress>;

/** How the order books are collected and kept. Whatever is left out is as `marketDefaults` has it. */
export const MarketSettings = Type.Object(
  {
    exchange: Type.Optional(
      Type.Object(
        {
          spot: Type.Optional(ExchangeAddress),
          usdm: Type.Optional(ExchangeAddress),
          coinm: Type.Optional(ExchangeAddress),
        },
        { ...closed, description: "Addresses of the exchange's markets; left out, those that Binance publishes" },
      ),
    ),
    collection: Type.Optional(
      Type.Object(
        {
          symbolsChunkSize: whole(1, 340, 'SYMBOLS_CHUNK_SIZE: pairs of one stream; Binance takes 1024 channels on it'),
          concurrentCollectors: whole(1, 50, 'Streams of a market in one process; with more pairs, each takes more'),
          rateLimitPerSecond: whole(1, 10_000, "REST requests a second; the exchange's weights are heeded besides"),
          reconnectAttempts: whole(
            1,
            1000,
            'Quick attempts of a lost stream, ever slower; after them it is tried on at the longest pause',
          ),
          reconnectDelaySeconds: whole(1, 3600, 'Longest pause between two attempts; the first are sooner'),
          snapshotDepth: Type.Optional(
            Type.Enum([100, 500, 1000, 5000], {
              description: 'Levels a side of a snapshot; futures give 1000 at the most',
            }),
          ),
          checkpointMinutes: whole(
            1,
            1440,
            'Time between two whole books in the records, from which others are rebuilt',
          ),
          recordIntervalMs: whole(0, 60_000, 'Updates of a book within this time are stored as one; 0: each by itself'),
        },
        closed,
      ),
    ),
    storage: Type.Optional(
      Type.Object(
        {
          batchSize: whole(1, 100_000, 'Records that are written without waiting for the interval'),
          bufferSize: whole(100, 1_000_000, 'Records in memory while the database is away; more go to disk'),
          flushIntervalSeconds: Type.Optional(
            Type.Number({ minimum: 0.05, maximum: 60, description: 'Longest that a record waits to be written' }),
          ),
          spillMB: whole(16, 1_000_000, 'Disk of one process for what waits while a store is away; then rows are lost'),
          retentionDays: whole(1, 3650, 'Days of records that are kept; bars are kept for ever'),
        },
        closed,
      ),
    ),
    monitoring: Type.Optional(
      Type.Object(
        {
          metricsIntervalSeconds: whole(1, 3600, 'Time between two lines of the log with what came in and went out'),
          healthCheckIntervalSeconds: whole(1, 3600, 'Time between two looks for books that stand still'),
        },
        closed,
      ),
    ),
  },
  { ...closed, description: 'The order books: addresses, collection and storage' },
);
export type MarketSettings = Static<typeof MarketSettings>;

/** What of PostgreSQL's connections one process takes. */
export const DatabaseSettings = Type.Object(
  {
    poolSize: whole(1, 500, 'Connections that stay open once they were needed'),
    maxOverflow: whole(0, 500, 'Connections beyond them at a peak, closed when idle'),
    poolTimeoutSeconds: whole(1, 600, 'Longest wait for a connection'),
    poolRecycleSeconds: whole(0, 86_400, 'Age at which a connection is replaced; 0: never'),
  },
  { ...closed, description: 'Connections of one process to PostgreSQL' },
);
export type DatabaseSettings = Static<typeof DatabaseSettings>;

type Filled<Section> = { readonly [Key in keyof Section]-?: NonNullable<Section[Key]> };

/** All that may be left out, decided. */
export type MarketDefaults = {
  readonly [Section in 'exchange' | 'collection' | 'storage' | 'monitoring']: Filled<
    NonNullable<MarketSettings[Section]>
  >;
};

export type DatabaseDefaults = Filled<DatabaseSettings>;

/** The brief's figures where they stand the load; https://developers.binance.com for the addresses. */
export const marketDefaults: MarketDefaults = {
  exchange: {
    // Its streams are served on 9443 too; this port firewalls let pass.
    spot: { rest: 'https://api.binance.com', stream: 'wss://stream.binance.com' },
    usdm: { rest: 'https://fapi.binance.com', stream: 'wss://fstream.binance.com' },
    coinm: { rest: 'https://dapi.binance.com', stream: 'wss://dstream.binance.com' },
  },
  collection: {
    symbolsChunkSize: 50,
    concurrentCollectors: 4,
    rateLimitPerSecond: 1000,
    reconnectAttempts: 5,
    reconnectDelaySeconds: 30,
    snapshotDepth: 1000,
    checkpointMinutes: 10,
    recordIntervalMs: 0,
  },
  storage: {
    // The brief's 100 would be twenty commits a second at full load, and its 500 a quarter of a second of it.
    batchSize: 5000,
    bufferSize: 50_000,
    // The brief's 5 seconds are what a crash loses at the most, and how late a reader is.
    flushIntervalSeconds: 1,
    spillMB: 2048,
    retentionDays: 30,
  },
  monitoring: { metricsIntervalSeconds: 60, healthCheckIntervalSeconds: 30 },
};

/**
 * The brief's 20 and 30 are those of its one process. Four collectors and two APIs, each with one more connection for
 * notifications, would ask for 300 of the 197 that the managed database of 8 GB has; like this they stay below 70.
 */
export const databaseDefaults: DatabaseDefaults = {
  poolSize: 5,
  maxOverflow: 5,
  poolTimeoutSeconds: 30,
  poolRecycleSeconds: 3600,
};
