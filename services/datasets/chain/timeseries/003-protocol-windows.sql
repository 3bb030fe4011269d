-- What a protocol of the catalog did on a network in a minute, an hour, a day: computed from chain_txs and chain_logs, never
-- added up. Each window of a network that holds or held a block has a row for each protocol there; the newest `version` wins.
-- `users`: distinct senders of transactions that were sent to one of its contracts, or in which one of them emitted a log.
-- `logs`: all that its contracts emitted; `events`: those that the catalog names and that could be decoded; `undecoded`: those
-- that it names and that could not, by reason: topics (another number of indexed parameters), data (too short for the
-- signature), value (a word that is no value of its type), tail (a dynamic parameter that reaches out of the data).
CREATE TABLE chain_protocol_windows (
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
PARTITION BY network
ORDER BY (network, protocol, size, start)
SETTINGS non_replicated_deduplication_window = 1000;

-- Of one window, one contract, one event: how many, and the sum of one amount; `field` is empty for events without amounts.
-- A row counts only as long as the window's row has its version and definition: those of a state that a reorganisation took
-- back are ignored, whether or not others took their place. The window's `volumes` says how many there are.
-- Sums are digits, as they may pass 256 bits. Of signed amounts the positive and the negative ones are summed apart (what went into a pool of
-- Uniswap V3, and what came out of it); of unsigned ones `negative` is 0.
CREATE TABLE chain_protocol_volumes (
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
PARTITION BY network
ORDER BY (network, protocol, size, start, contract, address, event, field, asset)
SETTINGS non_replicated_deduplication_window = 1000;
