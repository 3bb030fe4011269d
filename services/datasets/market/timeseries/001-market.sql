-- One row a symbol and second; of several the highest version counts (versionOf in bar.ts), so a bar told again, alone or in
-- another batch, changes nothing. A second is a minute of one second: both tables have the same columns, and what makes minutes
-- out of seconds also makes hours out of minutes (bar-fold.ts). Seconds are kept for 30 days after they were written, by that
-- time and not by their own, so that what is replayed from long ago is not gone before it is read.
CREATE TABLE market_bars_1s (
  symbol LowCardinality(String),
  time DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  -- Trades: by id, the first and the last of `trades`; 0 when there is none.
  trades UInt64 CODEC(T64, ZSTD(1)),
  first_trade_id UInt64 CODEC(Delta, ZSTD(1)),
  last_trade_id UInt64 CODEC(Delta, ZSTD(1)),
  open Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  high Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  low Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  close Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  volume Decimal(38, 18) CODEC(ZSTD(1)),
  quote_volume Decimal(38, 18) CODEC(ZSTD(1)),
  taker_buy_volume Decimal(38, 18) CODEC(ZSTD(1)),
  taker_buy_quote_volume Decimal(38, 18) CODEC(ZSTD(1)),
  -- Seconds that are told, with no trade known to be missing, with a book at their end, with a live book throughout.
  seconds UInt32 CODEC(T64, ZSTD(1)),
  trades_whole_seconds UInt32 CODEC(T64, ZSTD(1)),
  book_seconds UInt32 CODEC(T64, ZSTD(1)),
  book_whole_seconds UInt32 CODEC(T64, ZSTD(1)),
  -- The book at the end of the second `book_time`, the last one with a book.
  book_time Nullable(DateTime('UTC')) CODEC(ZSTD(1)),
  bid Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  bid_size Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  ask Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  ask_size Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  bid_depth_5 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  bid_depth_10 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  bid_depth_25 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  bid_depth_50 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  bid_depth_100 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  bid_depth_quote_5 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  bid_depth_quote_10 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  bid_depth_quote_25 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  bid_depth_quote_50 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  bid_depth_quote_100 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  ask_depth_5 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  ask_depth_10 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  ask_depth_25 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  ask_depth_50 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  ask_depth_100 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  ask_depth_quote_5 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  ask_depth_quote_10 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  ask_depth_quote_25 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  ask_depth_quote_50 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  ask_depth_quote_100 Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
  mid Nullable(Decimal(38, 18)) ALIAS (bid + ask) / 2,
  spread Nullable(Decimal(38, 18)) ALIAS ask - bid,
  -- Over the seconds in which both sides (imbalance: all within 10 bps) are known, for their mean.
  spread_bps_sum Float64 CODEC(ZSTD(1)),
  spread_bps_max Nullable(Float64) CODEC(ZSTD(1)),
  spread_seconds UInt32 CODEC(T64, ZSTD(1)),
  imbalance_sum Float64 CODEC(ZSTD(1)),
  imbalance_seconds UInt32 CODEC(T64, ZSTD(1)),
  version UInt64 CODEC(ZSTD(1)),
  stored_at DateTime('UTC') DEFAULT now() CODEC(Delta, ZSTD(1))
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMMDD(time)
ORDER BY (symbol, time)
TTL stored_at + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, index_granularity = 1024;

-- Minutes are made of the rows above whenever one of these is written, and their version is the sum of the versions of those:
-- what was made of more rows, or of later ones, wins. Kept for ever.
CREATE TABLE market_bars_1m AS market_bars_1s ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(time)
ORDER BY (symbol, time);
