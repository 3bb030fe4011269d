-- The canonical chain of every network, and nothing else: a reorg deletes the orphaned rows in the transaction that adds
-- their successors, so every query answers for the canonical chain without a flag to forget. Orphans stay as headers.
CREATE SCHEMA chain;

-- One row a network: the one place where its progress is written, locked by each commit.
CREATE TABLE chain.cursors (
  network          text PRIMARY KEY,
  genesis_hash     bytea,
  -- The block numbers held. Backfill and head grow it from two ends, so it is a set, not one number.
  synced           int8multirange NOT NULL DEFAULT '{}',
  finalized_number int8,
  -- The last change written to chain.changes, and the last one relayed to the bus.
  seq              int8 NOT NULL DEFAULT 0,
  relayed_seq      int8 NOT NULL DEFAULT 0
);

CREATE TABLE chain.blocks (
  network          text NOT NULL,
  number           int8 NOT NULL,
  hash             bytea NOT NULL,
  parent_hash      bytea NOT NULL,
  timestamp        int8 NOT NULL,
  miner            bytea,
  gas_limit        numeric NOT NULL,
  gas_used         numeric NOT NULL,
  base_fee_per_gas numeric,
  blob_gas_used    numeric,
  excess_blob_gas  numeric,
  l1_block_number  int8,
  size_bytes       int4,
  tx_count         int4 NOT NULL,
  log_count        int4 NOT NULL,
  extra            jsonb,
  PRIMARY KEY (network, number)
);

CREATE TABLE chain.txs (
  network                  text NOT NULL,
  block_number             int8 NOT NULL,
  tx_index                 int4 NOT NULL,
  hash                     bytea NOT NULL,
  type                     int2 NOT NULL,
  sender                   bytea NOT NULL,
  recipient                bytea,
  value                    numeric NOT NULL,
  nonce                    numeric NOT NULL,
  method                   bytea,
  input_bytes              int4 NOT NULL,
  gas_limit                numeric NOT NULL,
  gas_price                numeric,
  max_fee_per_gas          numeric,
  max_priority_fee_per_gas numeric,
  max_fee_per_blob_gas     numeric,
  status                   int2,
  gas_used                 numeric NOT NULL,
  effective_gas_price      numeric,
  contract_address         bytea,
  log_count                int4 NOT NULL,
  blob_gas_used            numeric,
  blob_gas_price           numeric,
  l1_fee                   numeric,
  l1_gas_used              numeric,
  l1_gas_price             numeric,
  l1_block_number          int8,
  gas_used_for_l1          numeric,
  extra                    jsonb,
  PRIMARY KEY (network, block_number, tx_index)
);
CREATE INDEX txs_hash ON chain.txs USING hash (hash);

CREATE TABLE chain.logs (
  network      text NOT NULL,
  block_number int8 NOT NULL,
  log_index    int4 NOT NULL,
  tx_index     int4 NOT NULL,
  address      bytea NOT NULL,
  topic0       bytea,
  topic1       bytea,
  topic2       bytea,
  topic3       bytea,
  data         bytea NOT NULL,
  PRIMARY KEY (network, block_number, log_index)
);

CREATE TABLE chain.orphans (
  network     text NOT NULL,
  hash        bytea NOT NULL,
  number      int8 NOT NULL,
  parent_hash bytea NOT NULL,
  timestamp   int8 NOT NULL,
  tx_count    int4 NOT NULL,
  orphaned_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (network, hash)
);

-- The outbox: what changed, in order, written with the change itself. The relay publishes it and deletes what it published.
CREATE TABLE chain.changes (
  network   text NOT NULL,
  seq       int8 NOT NULL,
  retract   boolean NOT NULL,
  number    int8 NOT NULL,
  hash      bytea NOT NULL,
  tx_count  int4 NOT NULL,
  log_count int4 NOT NULL,
  timestamp int8 NOT NULL,
  PRIMARY KEY (network, seq)
);

-- What chain-sync last said of each network: for the APIs and the health pages of other processes.
CREATE TABLE chain.status (
  network    text PRIMARY KEY,
  state      text NOT NULL,
  reason     text,
  report     jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
