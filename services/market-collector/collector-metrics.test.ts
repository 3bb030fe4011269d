import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { metrics as names } from '../../catalog/metrics.ts';
import type { Gap } from '../datasets/market/record.ts';
import { createCollectorMetrics, type MarketState } from './collector-metrics.ts';

describe(createCollectorMetrics, () => {
  it('has every series of errors from the start, so that a rate sees the first', async () => {
    const { metricOf } = setUp();
    for (const kind of ['sequence', 'ticker', 'disconnect', 'garbage', 'banned', 'timeout'])
      expect(await metricOf('collectorErrors', { source: 'binance', kind }), kind).toBe(0);
  });

  it('counts a lost stream once, however many books it costs, and a gap of a book each', async () => {
    const { metrics, metricOf } = setUp();
    metrics.disconnected();
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) metrics.gap(gapOf(symbol, 'disconnect'));
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) metrics.gap(gapOf(symbol, 'sequence'));
    metrics.gap(gapOf('BTCUSDT', 'restart'));
    expect(await metricOf('collectorErrors', { source: 'binance', kind: 'disconnect' })).toBe(1);
    expect(await metricOf('collectorErrors', { source: 'binance', kind: 'sequence' })).toBe(2);
    expect(await metricOf('collectorErrors', { source: 'binance', kind: 'restart' })).toBeUndefined();
    expect(await metricOf('marketGapsOpened', { symbol: 'ETHUSDT', reason: 'disconnect' })).toBe(1);
  });

  it('counts a garbled message once, though its book has a gap by it', async () => {
    const { metrics, metricOf } = setUp();
    metrics.garbage('BTCUSDT');
    metrics.gap(gapOf('BTCUSDT', 'garbage'));
    expect(await metricOf('collectorErrors', { source: 'binance', kind: 'garbage' })).toBe(1);
  });

  it('shows a ban until it ends, though requests are not paused, and the longer of two', async () => {
    let now = 1_000_000;
    const { metrics, metricOf } = setUp(() => now);
    const isBanned = () => metricOf('marketRefused', { market: 'spot', status: 418 });
    metrics.refused(418, now + 60_000);
    metrics.refused(418, now + 30_000);
    metrics.observe(quiet);
    expect(await isBanned()).toBe(1);
    expect(await metricOf('marketRefused', { market: 'spot', status: 429 })).toBe(0);
    now += 59_999;
    metrics.observe(quiet);
    expect(await isBanned()).toBe(1);
    now += 1;
    metrics.observe(quiet);
    expect(await isBanned()).toBe(0);
  });
});

const quiet: MarketState = {
  reports: [],
  out: new Set(),
  streams: { open: 1, reconnects: 0, rolls: 0 } as MarketState['streams'],
  weight: { used: 0, allowed: 0, usedByAddress: 0, waiting: 0, pausedUntilMs: null },
  snapshotsWanted: 0,
};

function gapOf(symbol: string, reason: Gap['reason']): Gap {
  return {
    symbol,
    stream: 'book',
    reason,
    fromUpdateId: 1,
    toUpdateId: null,
    openedAtMs: 1,
    closedAtMs: null,
    detail: '',
  };
}

function setUp(now?: () => number) {
  const registry = new Registry();
  const metricOf = async (key: keyof typeof names, labels: Readonly<Record<string, string | number>>) => {
    const { values = [] } = (await registry.getSingleMetric(names[key].name)?.get()) ?? {};
    const isThat = (found: object) =>
      Object.entries(labels).every(([name, value]) => Reflect.get(found, name) === value);
    return values.find((one) => isThat(one.labels))?.value;
  };
  return { metrics: createCollectorMetrics(registry, 'spot', now), metricOf };
}
