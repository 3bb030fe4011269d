-- irreversible: a process from before would take rows that went for their age for rows that never were, and compute their windows anew
-- A partition for each network meant thousands in each table, and a row's age was in none of them. Raw rows and marks are put into
-- fortnights of block time, so that a TTL drops whole parts and rewrites none; windows of protocols into their sizes, as those of networks
-- are. Which fortnight a row is in follows from a column that is not in the key: a height has rows in two of them if blocks before and
-- after a boundary took turns there. FINAL merges over partitions, and each row that went has its retraction beside it, under its own
-- time, so it is gone also for those who read one fortnight alone, and after the TTL took the other one.
-- FINAL may open every partition, be the rows it wants in one of them: small granules, so that little is read for nothing.
CREATE TABLE chain_blocks_by_time (
  network LowCardinality(String),
  number UInt64,
  hash String,
  timestamp DateTime('UTC'),
  gas_limit UInt256,
  gas_used UInt256,
  base_fee_per_gas Nullable(UInt256),
  tx_count UInt32,
  log_count UInt32,
  seq UInt64,
  deleted UInt8,
  INDEX by_time timestamp TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree(seq, deleted)
PARTITION BY toStartOfInterval(timestamp, INTERVAL 2 WEEK)
ORDER BY (network, number)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 1000,
  ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1;

CREATE TABLE chain_txs_by_time (
  network LowCardinality(String),
  number UInt64,
  tx_index UInt32,
  timestamp DateTime('UTC'),
  hash String,
  type UInt8,
  sender String,
  recipient Nullable(String),
  value UInt256,
  method Nullable(String),
  status Nullable(UInt8),
  gas_used UInt256,
  effective_gas_price Nullable(UInt256),
  l1_fee Nullable(UInt256),
  contract_address Nullable(String),
  seq UInt64,
  deleted UInt8
) ENGINE = ReplacingMergeTree(seq, deleted)
PARTITION BY toStartOfInterval(timestamp, INTERVAL 2 WEEK)
ORDER BY (network, number, tx_index)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 1000,
  ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1;

CREATE TABLE chain_logs_by_time (
  network LowCardinality(String),
  number UInt64,
  log_index UInt32,
  tx_index UInt32,
  timestamp DateTime('UTC'),
  address String,
  topic0 Nullable(String),
  topic1 Nullable(String),
  topic2 Nullable(String),
  topic3 Nullable(String),
  data String,
  seq UInt64,
  deleted UInt8
) ENGINE = ReplacingMergeTree(seq, deleted)
PARTITION BY toStartOfInterval(timestamp, INTERVAL 2 WEEK)
ORDER BY (network, number, log_index)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 1000,
  ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1;

-- By when it was seen; of a block that went, the time of the block stands for it.
CREATE TABLE chain_finality_by_time (
  network LowCardinality(String),
  number UInt64,
  observed_at_ms Int64 CODEC(Delta, ZSTD),
  seq UInt64,
  deleted UInt8
) ENGINE = ReplacingMergeTree(seq, deleted)
PARTITION BY toStartOfInterval(toDateTime(intDiv(observed_at_ms, 1000), 'UTC'), INTERVAL 2 WEEK)
ORDER BY (network, number)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 1000,
  ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1;

CREATE TABLE chain_touched_by_time (
  network LowCardinality(String),
  start DateTime('UTC'),
  -- Blocks of it that were appended or retracted after the minute, its hour and its day were closed.
  late_of_minute UInt64,
  late_of_hour UInt64,
  late_of_day UInt64,
  -- The highest block time that was seen of the network by then.
  watermark DateTime('UTC'),
  version UInt64
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toStartOfInterval(start, INTERVAL 2 WEEK)
ORDER BY (network, start)
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1;

CREATE TABLE chain_protocol_windows_by_size (
  protocol LowCardinality(String),
  network LowCardinality(String),
  size Enum8('minute' = 1, 'hour' = 2, 'day' = 3),
  start DateTime('UTC'),
  calls UInt64,
  failed_calls UInt64,
  users UInt64,
  logs UInt64,
  events UInt64,
  undecoded Map(LowCardinality(String), UInt64),
  volumes UInt32,
  definition LowCardinality(String),
  version UInt64
) ENGINE = ReplacingMergeTree(version)
PARTITION BY size
ORDER BY (network, protocol, size, start);

CREATE TABLE chain_protocol_volumes_by_size (
  protocol LowCardinality(String),
  network LowCardinality(String),
  size Enum8('minute' = 1, 'hour' = 2, 'day' = 3),
  start DateTime('UTC'),
  contract LowCardinality(String),
  address String,
  event LowCardinality(String),
  field LowCardinality(String),
  asset String,
  count UInt64,
  positive String,
  negative String,
  definition LowCardinality(String),
  version UInt64
) ENGINE = ReplacingMergeTree(version)
PARTITION BY size
ORDER BY (network, protocol, size, start, contract, address, event, field, asset);

-- While rows are copied, processes from before this go on; what they add meanwhile has higher numbers than what was copied, and is copied
-- when the tables have changed their names. Each step may be made twice: the newest version of a row counts.
INSERT INTO chain_blocks_by_time
  SELECT * FROM chain_blocks
  SETTINGS max_partitions_per_insert_block = 0;
INSERT INTO chain_txs_by_time
  SELECT * FROM chain_txs
  SETTINGS max_partitions_per_insert_block = 0;
INSERT INTO chain_logs_by_time
  SELECT * FROM chain_logs
  SETTINGS max_partitions_per_insert_block = 0;
-- What was taken back had no time. It must be kept for longer than what it takes back.
INSERT INTO chain_finality_by_time
  SELECT network, number, if(deleted = 1 AND observed_at_ms = 0, toUnixTimestamp(now()) * 1000, observed_at_ms), seq, deleted FROM chain_finality
  SETTINGS max_partitions_per_insert_block = 0;
INSERT INTO chain_touched_by_time
  SELECT * FROM chain_touched
  SETTINGS max_partitions_per_insert_block = 0;
INSERT INTO chain_protocol_windows_by_size
  SELECT * FROM chain_protocol_windows
  SETTINGS max_partitions_per_insert_block = 0;
INSERT INTO chain_protocol_volumes_by_size
  SELECT * FROM chain_protocol_volumes
  SETTINGS max_partitions_per_insert_block = 0;

CREATE TABLE chain_blocks_copied ENGINE = MergeTree ORDER BY network AS
  SELECT network, max(seq) AS reached FROM chain_blocks_by_time GROUP BY network;
CREATE TABLE chain_txs_copied ENGINE = MergeTree ORDER BY network AS
  SELECT network, max(seq) AS reached FROM chain_txs_by_time GROUP BY network;
CREATE TABLE chain_logs_copied ENGINE = MergeTree ORDER BY network AS
  SELECT network, max(seq) AS reached FROM chain_logs_by_time GROUP BY network;
CREATE TABLE chain_finality_copied ENGINE = MergeTree ORDER BY network AS
  SELECT network, max(seq) AS reached FROM chain_finality_by_time GROUP BY network;
CREATE TABLE chain_touched_copied ENGINE = MergeTree ORDER BY network AS
  SELECT network, max(version) AS reached FROM chain_touched_by_time GROUP BY network;

RENAME TABLE chain_blocks TO chain_blocks_before;
RENAME TABLE chain_blocks_by_time TO chain_blocks;
RENAME TABLE chain_txs TO chain_txs_before;
RENAME TABLE chain_txs_by_time TO chain_txs;
RENAME TABLE chain_logs TO chain_logs_before;
RENAME TABLE chain_logs_by_time TO chain_logs;
RENAME TABLE chain_finality TO chain_finality_before;
RENAME TABLE chain_finality_by_time TO chain_finality;
RENAME TABLE chain_touched TO chain_touched_before;
RENAME TABLE chain_touched_by_time TO chain_touched;
RENAME TABLE chain_protocol_windows TO chain_protocol_windows_before;
RENAME TABLE chain_protocol_windows_by_size TO chain_protocol_windows;
RENAME TABLE chain_protocol_volumes TO chain_protocol_volumes_before;
RENAME TABLE chain_protocol_volumes_by_size TO chain_protocol_volumes;

INSERT INTO chain_blocks
  WITH (SELECT (arrayConcat([''], groupArray(toString(network))), arrayConcat([0], groupArray(reached))) FROM chain_blocks_copied) AS copied
  SELECT * FROM chain_blocks_before
  WHERE seq > transform(toString(network), copied.1, copied.2, 0)
  SETTINGS max_partitions_per_insert_block = 0;
INSERT INTO chain_txs
  WITH (SELECT (arrayConcat([''], groupArray(toString(network))), arrayConcat([0], groupArray(reached))) FROM chain_txs_copied) AS copied
  SELECT * FROM chain_txs_before
  WHERE seq > transform(toString(network), copied.1, copied.2, 0)
  SETTINGS max_partitions_per_insert_block = 0;
INSERT INTO chain_logs
  WITH (SELECT (arrayConcat([''], groupArray(toString(network))), arrayConcat([0], groupArray(reached))) FROM chain_logs_copied) AS copied
  SELECT * FROM chain_logs_before
  WHERE seq > transform(toString(network), copied.1, copied.2, 0)
  SETTINGS max_partitions_per_insert_block = 0;
INSERT INTO chain_finality
  WITH (SELECT (arrayConcat([''], groupArray(toString(network))), arrayConcat([0], groupArray(reached))) FROM chain_finality_copied) AS copied
  SELECT network, number, if(deleted = 1 AND observed_at_ms = 0, toUnixTimestamp(now()) * 1000, observed_at_ms), seq, deleted FROM chain_finality_before
  WHERE seq > transform(toString(network), copied.1, copied.2, 0)
  SETTINGS max_partitions_per_insert_block = 0;
INSERT INTO chain_touched
  WITH (SELECT (arrayConcat([''], groupArray(toString(network))), arrayConcat([0], groupArray(reached))) FROM chain_touched_copied) AS copied
  SELECT * FROM chain_touched_before
  WHERE version > transform(toString(network), copied.1, copied.2, 0)
  SETTINGS max_partitions_per_insert_block = 0;
-- Versions of windows do not ascend.
INSERT INTO chain_protocol_windows SELECT * FROM chain_protocol_windows_before;
INSERT INTO chain_protocol_volumes SELECT * FROM chain_protocol_volumes_before;

-- The server refuses to drop what is large.
DROP TABLE IF EXISTS chain_blocks_before SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS chain_blocks_copied SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS chain_txs_before SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS chain_txs_copied SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS chain_logs_before SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS chain_logs_copied SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS chain_finality_before SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS chain_finality_copied SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS chain_touched_before SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS chain_touched_copied SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS chain_protocol_windows_before SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS chain_protocol_volumes_before SETTINGS max_table_size_to_drop = 0;
