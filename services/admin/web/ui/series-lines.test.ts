import { describe, expect, it } from 'vitest';
import type { SeriesAnswer } from '../../../contracts/series-answers.ts';
import { metricLinesOf, networkLinesOf } from './series-lines.ts';

describe(metricLinesOf, () => {
  it('leaves a hole where no block was held, and where a metric has no value', () => {
    const { times, lines } = metricLinesOf(seriesOf([bucket(60, '5'), bucket(180, null), bucket(240, '7')]));
    expect(times).toEqual([60, 120, 180, 240]);
    expect(lines).toEqual([{ label: 'Base fee', values: [5, null, null, 7] }]);
  });

  it('draws nothing of a network without buckets', () => {
    expect(metricLinesOf(seriesOf([]))).toEqual({ times: [], lines: [{ label: 'Base fee', values: [] }] });
  });
});

describe(networkLinesOf, () => {
  it('has all networks on one axis of time', () => {
    const { times, lines } = networkLinesOf(seriesOf([bucket(120, '1')], [bucket(60, '2'), bucket(180, '3')]));
    expect(times).toEqual([60, 120, 180]);
    expect(lines).toEqual([
      { label: 'Network 0', values: [null, 1, null] },
      { label: 'Network 1', values: [2, null, 3] },
    ]);
  });
});

type Bucket = SeriesAnswer['networks'][number]['buckets'][number];

function bucket(start: number, value: string | null): Bucket {
  return { start, complete: true, closed: true, figures: { baseFeeMean: value } };
}

function seriesOf(...ofNetworks: Bucket[][]): SeriesAnswer {
  return {
    ...{ bucket: 'minute', from: 0, to: 300 },
    metrics: [{ id: 'baseFeeMean', title: 'Base fee', unit: 'wei' }],
    networks: ofNetworks.map((buckets, at) => ({
      ...{
        network: `n${at}`,
        name: `Network ${at}`,
        status: 'active',
        nativeCurrency: { symbol: 'ETH', decimals: 18 },
      },
      ...{ asOf: null, lag: { blocks: null, seconds: null }, sync: { state: 'synced', reason: null, stale: false } },
      ...{ coverage: null, buckets },
    })),
  };
}
