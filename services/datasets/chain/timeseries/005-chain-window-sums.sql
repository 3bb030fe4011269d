-- What windows are summed up with over hours, days and weeks: user operations, the gas limit, and where the blocks begin and end.
-- Rows from before do not have it, and no figure is better than a wrong one: they go, so that all windows are behind what touched them,
-- which chain_touched says for good, and are computed anew, the newest first.
TRUNCATE TABLE chain_windows;

ALTER TABLE chain_windows
  -- Transactions that the chain does not make itself, each with as many as it carries: see user-operations.ts.
  ADD COLUMN user_ops UInt64 AFTER contract_creations,
  ADD COLUMN gas_limit String DEFAULT '0' AFTER gas_used,
  -- Of last_block, so that a sum can say which chain it is of.
  ADD COLUMN last_hash String AFTER last_block,
  ADD COLUMN last_at DateTime('UTC') AFTER last_hash,
  -- When the block below first_block was made; null where it is not held.
  ADD COLUMN below_at Nullable(DateTime('UTC')) AFTER first_block;

-- A process from before this that still runs cannot write rows without them: its windows stay behind, for those that can.
ALTER TABLE chain_windows ADD CONSTRAINT has_last_hash CHECK blocks = 0 OR last_hash != '';
