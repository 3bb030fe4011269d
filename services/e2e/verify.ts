import { isDeepStrictEqual } from 'node:util';
import { readNode, readRelational, readTimeseries, type StoredChain } from '../chain-pipeline-fixture.ts';
import type { Relational } from '../stores/relational.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import type { SourceChain } from './sources.ts';

/** What was compared, so that nobody takes an empty comparison for a good one. */
export interface Verified {
  readonly rows: number;
  /** What is missing, doubled or wrong, in words; empty when the stores hold the chain and nothing else. */
  readonly faults: readonly string[];
}

/** Holds both stores against the node itself, row by row. Nothing may move meanwhile. */
export async function verifyChain(
  stores: { readonly relational: Relational; readonly timeseries: Timeseries },
  { id, node }: SourceChain,
): Promise<Verified> {
  const expected = await readNode(node);
  const relational = await readRelational(stores.relational, id);
  const timeseries = await readTimeseries(stores.timeseries, id);
  const faults = [
    ...differences(`${id} PostgreSQL`, relational, expected.relational),
    ...differences(`${id} ClickHouse`, timeseries, expected.timeseries),
  ];
  return { rows: rowsOf(expected.relational) + rowsOf(expected.timeseries), faults };
}

function differences(where: string, held: StoredChain, expected: StoredChain): string[] {
  const kinds = ['blocks', 'txs', 'logs'] as const;
  return kinds.flatMap((kind) => {
    const [have, want] = [held[kind], expected[kind]];
    if (isDeepStrictEqual(have, want)) return [];
    const counts = `${have.length} ${kind}, and the chain has ${want.length}`;
    const at = want.findIndex((row, index) => !isDeepStrictEqual(row, have[index]));
    return [
      `${where}: ${counts}; first difference at ${at}: ${JSON.stringify(have[at])} for ${JSON.stringify(want[at])}`,
    ];
  });
}

function rowsOf({ blocks, txs, logs }: StoredChain): number {
  return blocks.length + txs.length + logs.length;
}
