-- A change may also say that blocks were seen to become final: then it has a time, `number` is the last of them, and the columns of
-- a block are empty. `final_from` is the first of them, null if nobody looked before, so that it is not known since when they are.
ALTER TABLE chain.changes ADD COLUMN final_from int8, ADD COLUMN final_at_ms int8;

-- When blocks were seen to become final, where that is known: chains do not tell it, so it cannot be asked for again.
CREATE TABLE chain.finality (
  network        text NOT NULL,
  -- The last and the first of the blocks.
  number         int8 NOT NULL,
  from_number    int8 NOT NULL,
  observed_at_ms int8 NOT NULL,
  PRIMARY KEY (network, number)
);
