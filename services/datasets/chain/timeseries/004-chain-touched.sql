-- Minutes that changes touched, one row each, for good: what is computed of them is behind where a row has a higher version than the
-- window of chain_windows that the minute is in. Written after the rows of the changes and before these are acknowledged. The row with
-- the highest version counts: all changes up to that one of the network's which touch the minute were in those rows.
CREATE TABLE chain_touched (
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
ORDER BY (network, start);

INSERT INTO chain_touched
  SELECT network, start, late AS late_of_minute, late_of_hour, late_of_day, watermark, version
  FROM chain_windows FINAL WHERE size = 'minute';

ALTER TABLE chain_windows DROP COLUMN late_of_hour, DROP COLUMN late_of_day;

-- A window may be computed again with the result before the last one, and must then be stored again: as when the catalog takes back a
-- change of a protocol.
ALTER TABLE chain_protocol_windows MODIFY SETTING non_replicated_deduplication_window = 0;
ALTER TABLE chain_protocol_volumes MODIFY SETTING non_replicated_deduplication_window = 0;
