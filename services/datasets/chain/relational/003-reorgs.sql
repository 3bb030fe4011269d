-- The log of reorganisations reads the newest ones of a network.
CREATE INDEX orphans_by_time ON chain.orphans (network, orphaned_at DESC, number);
