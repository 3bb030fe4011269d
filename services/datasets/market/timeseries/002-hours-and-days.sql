-- Hours are made of minutes and days of hours, by what makes minutes of seconds (bar-fold.ts), so their version too is the sum of
-- the versions that they are made of: an hour is out of date where its minutes sum up to more. Kept for ever.
CREATE TABLE IF NOT EXISTS market_bars_1h AS market_bars_1s ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(time)
ORDER BY (symbol, time);

CREATE TABLE IF NOT EXISTS market_bars_1d AS market_bars_1s ENGINE = ReplacingMergeTree(version)
PARTITION BY tuple()
ORDER BY (symbol, time);

-- All that was stored before `checked_to` is in the tables of the longer bars.
CREATE TABLE IF NOT EXISTS market_rolled_up (
  checked_to DateTime('UTC')
) ENGINE = ReplacingMergeTree(checked_to)
ORDER BY tuple();

-- What was stored lately is found without reading all.
ALTER TABLE market_bars_1s ADD INDEX IF NOT EXISTS stored_lately stored_at TYPE minmax GRANULARITY 8;
ALTER TABLE market_bars_1m ADD INDEX IF NOT EXISTS stored_lately stored_at TYPE minmax GRANULARITY 1;
