-- What the exchange said of each pair, as it said it: prices and sizes are numerics, exact, with the digits they came with, and
-- smaller than text; levels are the exchange's own JSON text, which type json keeps as it is (jsonb is larger, and changes numbers).
CREATE SCHEMA market;

-- In the order of record.ts.
CREATE TYPE market.record_kind AS ENUM ('depth', 'ticker', 'trade', 'snapshot', 'checkpoint');

-- One partition a UTC day of event time, made ahead and dropped by partitions.ts. Columns of fixed width come first: no padding.
CREATE TABLE market.records (
  event_time         timestamptz NOT NULL,
  received_at        timestamptz NOT NULL,
  update_id          int8 NOT NULL,
  first_update_id    int8,
  previous_update_id int8,
  kind               market.record_kind NOT NULL,
  buyer_is_maker     boolean,
  -- Not by the language of the database, whose order may change with the system's libraries.
  symbol             text COLLATE "C" NOT NULL,
  bid                numeric,
  bid_size           numeric,
  ask                numeric,
  ask_size           numeric,
  price              numeric,
  size               numeric,
  bid_floor          numeric,
  ask_ceiling        numeric,
  bids               json,
  asks               json,
  -- The one btree: it refuses what is written twice, and it is every reader's way, as time and update ids rise together within
  -- a kind of a symbol.
  CONSTRAINT records_key UNIQUE (symbol, kind, event_time, update_id)
) PARTITION BY RANGE (event_time);

-- For questions about a time and all symbols: a few kilobytes a day.
CREATE INDEX records_event_time ON market.records USING brin (event_time);

-- Rows of days that have no partition (an exchange's clock far off, or an old recording) are kept here until they have one.
CREATE TABLE market.records_default PARTITION OF market.records DEFAULT;

-- Updates that we do not have, or cannot trust. Written when found, and again when over.
CREATE TABLE market.gaps (
  symbol         text COLLATE "C" NOT NULL,
  -- book, trades or tickers.
  stream         text COLLATE "C" NOT NULL,
  opened_at      timestamptz NOT NULL,
  from_update_id int8 NOT NULL,
  to_update_id   int8,
  closed_at      timestamptz,
  reason         text NOT NULL,
  detail         text NOT NULL,
  PRIMARY KEY (symbol, opened_at, from_update_id, stream)
);

-- How many records were written, by the hour in which they were: adding up market.records would read all of it.
CREATE TABLE market.counts (
  hour   timestamptz NOT NULL,
  symbol text COLLATE "C" NOT NULL,
  kind   market.record_kind NOT NULL,
  rows   int8 NOT NULL,
  PRIMARY KEY (hour, symbol, kind)
);
