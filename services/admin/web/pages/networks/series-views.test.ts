import { describe, expect, it } from 'vitest';
import type { SeriesAnswer } from '../../../../contracts/series-answers.ts';
import { linesOf } from './series-views.ts';

describe(linesOf, () => {
  it('leaves a hole where no block was held, and where a metric has no value', () => {
    const { times, lines } = linesOf(seriesOf([bucket(60, '5'), bucket(180, null), bucket(240, '7')]));
    expect(times).toEqual([60, 120, 180, 240]);
    expect(lines.map(({ label, values }) => [label, values])).toEqual([['Base fee', [5, null, null, 7]]]);
  });

  it('draws nothing of a network without buckets', () => {
    expect(linesOf(seriesOf([])).lines[0]?.values).toEqual([null]);
  });
});

type Bucket = SeriesAnswer['networks'][number]['buckets'][number];

function bucket(start: number, value: string | null): Bucket {
  return { start, complete: true, closed: true, figures: { baseFeeMean: value } };
}

function seriesOf(buckets: Bucket[]): SeriesAnswer {
  return {
    ...{ bucket: 'minute', from: 0, to: 300 },
    metrics: [{ id: 'baseFeeMean', title: 'Base fee', unit: 'wei' }],
    networks: [
      {
        ...{ network: 'base', name: 'Base', status: 'active', nativeCurrency: { symbol: 'ETH', decimals: 18 } },
        ...{ asOf: null, lag: { blocks: null, seconds: null }, sync: { state: 'synced', reason: null, stale: false } },
        ...{ coverage: null, buckets },
      },
    ],
  };
}
