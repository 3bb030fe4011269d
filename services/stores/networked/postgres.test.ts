import { describe, expect, it } from 'vitest';
import { poolConfigOf } from './postgres.ts';

describe(poolConfigOf.name, () => {
  it("says the brief's settings in the words of pg-pool", () => {
    expect(poolConfigOf({ poolSize: 20, maxOverflow: 30, poolTimeoutSeconds: 30, poolRecycleSeconds: 3600 })).toEqual({
      min: 20,
      max: 50,
      connectionTimeoutMillis: 30_000,
      maxLifetimeSeconds: 3600,
    });
  });
});
