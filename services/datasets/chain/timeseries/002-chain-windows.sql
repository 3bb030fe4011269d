-- Blocks stand in the order of their numbers; with this, those of a minute are found without reading the times of all.
ALTER TABLE chain_blocks ADD INDEX by_time timestamp TYPE minmax GRANULARITY 1;
ALTER TABLE chain_blocks MATERIALIZE INDEX by_time;

-- When a block was seen to become final, where that is known: one row a block. A retraction takes it back.
CREATE TABLE chain_finality (
  network LowCardinality(String),
  number UInt64,
  observed_at_ms Int64 CODEC(Delta, ZSTD),
  seq UInt64,
  deleted UInt8
) ENGINE = ReplacingMergeTree(seq, deleted)
PARTITION BY network
ORDER BY (network, number)
SETTINGS non_replicated_deduplication_window = 1000;

-- What happened on a network in a minute, an hour or a day of block time (UTC), computed from the rows above and never added to. The
-- row with the highest version counts: it was computed when all changes up to that one of the network's were in those rows. A
-- minute that lost its blocks is a row with none. Wei and gas are exact: sums are digits, as they may pass 256 bits.
CREATE TABLE chain_windows (
  network LowCardinality(String),
  -- minute, hour, day
  size LowCardinality(String),
  start DateTime('UTC'),
  blocks UInt64,
  first_block Nullable(UInt64),
  last_block Nullable(UInt64),
  -- 1: no block of the window is missing.
  complete UInt8,
  txs UInt64,
  -- Null where the chain tells no status.
  failed_txs Nullable(UInt64),
  contract_creations UInt64,
  logs UInt64,
  active_senders UInt64,
  -- Senders and recipients.
  active_addresses UInt64,
  gas_used String,
  -- Blocks that have a base fee, and the sum of it.
  base_fees UInt64,
  base_fee_sum String,
  base_fee_min Nullable(UInt256),
  base_fee_max Nullable(UInt256),
  -- Transactions whose price is known, and what they paid for execution: gas used * effective gas price.
  priced_txs UInt64,
  execution_fee_sum String,
  execution_fee_p10 Nullable(UInt256),
  execution_fee_p50 Nullable(UInt256),
  execution_fee_p90 Nullable(UInt256),
  execution_fee_p95 Nullable(UInt256),
  execution_fee_p99 Nullable(UInt256),
  gas_price_p10 Nullable(UInt256),
  gas_price_p50 Nullable(UInt256),
  gas_price_p90 Nullable(UInt256),
  gas_price_p95 Nullable(UInt256),
  gas_price_p99 Nullable(UInt256),
  -- Transactions whose fee for the data on L1 is known.
  l1_fee_txs UInt64,
  l1_fee_sum String,
  l1_fee_p10 Nullable(UInt256),
  l1_fee_p50 Nullable(UInt256),
  l1_fee_p90 Nullable(UInt256),
  l1_fee_p95 Nullable(UInt256),
  l1_fee_p99 Nullable(UInt256),
  -- Blocks whose parent is held, and the seconds from parent to block.
  block_times UInt64,
  block_seconds_sum Int64,
  block_seconds_p50 Nullable(Int64),
  block_seconds_p95 Nullable(Int64),
  block_seconds_max Nullable(Int64),
  -- Blocks of which it is known when they became final, and the milliseconds from the block's time to that.
  final_blocks UInt64,
  finality_ms_p50 Nullable(Int64),
  finality_ms_p95 Nullable(Int64),
  finality_ms_max Nullable(Int64),
  -- Blocks appended or retracted after the window was closed; of a minute, also those that came after its hour and its day were.
  late UInt64,
  late_of_hour UInt64,
  late_of_day UInt64,
  -- The highest block time that was seen of the network by then.
  watermark DateTime('UTC'),
  version UInt64
) ENGINE = ReplacingMergeTree(version)
PARTITION BY network
ORDER BY (network, size, start);
