-- Windows gain what they are summed up with over hours, days and weeks: user operations, the gas limit, and where the blocks begin and
-- end. Rows from before do not have it, and no figure is better than a wrong one: none is kept, so that all windows are behind what
-- touched them, which chain_touched says for good, and are computed anew, the newest first. A process from before this that still runs
-- has nowhere to put rows without the new columns: its windows stay behind, for those that know them.
-- One question asks for all networks, which are no partitions any more: to open hundreds of them took seconds. A granule is less than a
-- day of minutes, so that of each network little more is read than what is asked for.
DROP TABLE IF EXISTS chain_windows;

CREATE TABLE chain_windows (
  network LowCardinality(String),
  -- minute, hour, day
  size LowCardinality(String),
  start DateTime('UTC'),
  blocks UInt64,
  first_block Nullable(UInt64),
  -- When the block below first_block was made; null where it is not held.
  below_at Nullable(DateTime('UTC')),
  last_block Nullable(UInt64),
  -- Of last_block, so that a sum can say which chain it is of.
  last_hash String,
  last_at DateTime('UTC'),
  -- 1: no block of the window is missing.
  complete UInt8,
  txs UInt64,
  -- Null where the chain tells no status.
  failed_txs Nullable(UInt64),
  contract_creations UInt64,
  -- Transactions that the chain does not make itself, each with as many user operations as it carries: see user-operations.ts.
  user_ops UInt64,
  logs UInt64,
  active_senders UInt64,
  -- Senders and recipients.
  active_addresses UInt64,
  gas_used String,
  gas_limit String,
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
  -- Blocks appended or retracted after the window was closed.
  late UInt64,
  -- The highest block time that was seen of the network by then.
  watermark DateTime('UTC'),
  version UInt64,
  CONSTRAINT has_last_hash CHECK blocks = 0 OR last_hash != ''
) ENGINE = ReplacingMergeTree(version)
PARTITION BY size
ORDER BY (network, size, start)
SETTINGS index_granularity = 1024;
