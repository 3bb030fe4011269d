-- Every block of the network up to this number that is not held was dropped for its age, or never held: its absence is no
-- retraction, and what other stores have of it stays. It rises with each drop, which writes nothing to chain.changes, and is lowered
-- below blocks that are held again (sync.retention was raised). Always below the lowest block held; null: nothing was dropped.
ALTER TABLE chain.cursors ADD COLUMN dropped_to int8;
