import { describe, expect, it } from 'vitest';
import type { Relational, Transaction } from '../../stores/relational.ts';
import { measureLatencies } from './latency.ts';

const receivedAtMs = Date.UTC(2026, 0, 1, 0, 0, 0, 250);

describe(measureLatencies, () => {
  it('measures each row from when it came to when its transaction was committed', async () => {
    let now = receivedAtMs;
    const { relational, latencies, begin } = measureLatencies(storeOf(), () => now);
    begin();
    await relational.transaction(async (tx) => {
      await tx.copy('market.records', rowsOf([0, 5, 10]));
      now = receivedAtMs + 100;
    });

    expect(latencies.count).toBe(3);
    expect([0.01, 0.5, 1].map(latencies.percentile)).toEqual([90, 95, 100]);
  });

  it('leaves out what was not committed, and what came before it began', async () => {
    const { relational, latencies, begin } = measureLatencies(storeOf(), () => receivedAtMs);
    await relational.transaction((tx) => tx.copy('market.records', rowsOf([0])));
    begin();
    const failing = relational.transaction(async (tx) => {
      await tx.copy('market.records', rowsOf([0]));
      throw new Error('no');
    });

    await expect(failing).rejects.toThrow('no');
    expect(latencies.count).toBe(0);
    expect(latencies.percentile(0.5)).toBeNaN();
  });
});

function rowsOf(offsetsMs: readonly number[]): string {
  return offsetsMs.map((offset) => `x\t${new Date(receivedAtMs + offset).toISOString()}\t1\t…\n`).join('');
}

function storeOf(): Relational {
  const tx: Transaction = { query: async () => [], copy: async () => undefined };
  return {
    query: async () => [],
    transaction: (work) => work(tx),
    listen: async () => async () => undefined,
  };
}
