-- One row a height, the newest `seq` wins, a retraction is a row with deleted = 1: a redelivered message changes nothing,
-- whatever the batches were, and FINAL answers for the canonical chain alone.
CREATE TABLE chain_blocks (
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
  deleted UInt8
) ENGINE = ReplacingMergeTree(seq, deleted)
PARTITION BY network
ORDER BY (network, number)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE chain_txs (
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
PARTITION BY network
ORDER BY (network, number, tx_index)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE chain_logs (
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
PARTITION BY network
ORDER BY (network, number, log_index)
SETTINGS non_replicated_deduplication_window = 1000;
