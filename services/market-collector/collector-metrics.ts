import type { Counter, Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import type { Gap, GapReason } from '../datasets/market/record.ts';
import { counterOf, gaugeOf } from '../runtime/metrics.ts';
import type { Market } from './binance/messages.ts';
import type { StreamsStats } from './connection/streams.ts';
import type { Finding } from './rest/exchange-check.ts';
import type { ExchangeErrorKind } from './rest/exchange-error.ts';
import type { WeightBudgetStats } from './rest/weight-budget.ts';
import type { SymbolReport } from './symbol-feed.ts';

/** Where a market's numbers go; counted on the hot path without looking anything up. */
export interface CollectorMetrics {
  message(kind: 'depth' | 'ticker' | 'trade' | 'control' | 'garbage', bytes: number): void;
  dropped(): void;
  garbage(symbol: string): void;
  gap(gap: Gap): void;
  /** A stream is lost with nothing to bridge it; once, however many symbols it has. */
  disconnected(): void;
  joined(symbol: string): void;
  request(result: 'ok' | ExchangeErrorKind): void;
  /** Nothing may be asked, or connected, before this time of the clock. A later one wins over an earlier one. */
  refused(status: 429 | 418, untilMs: number): void;
  findings(findings: readonly Finding[], symbols: readonly string[]): void;
  /** What is told by its last value; call it every few seconds. */
  observe(state: MarketState): void;
  /** The symbol is followed no more. */
  forget(symbol: string): void;
}

export interface MarketState {
  readonly reports: readonly SymbolReport[];
  /** Of the symbols that the exchange does not trade. */
  readonly out: ReadonlySet<string>;
  readonly streams: StreamsStats;
  readonly weight: WeightBudgetStats;
  readonly snapshotsWanted: number;
}

const findingNames: Readonly<Record<Finding['kind'], string>> = {
  unknown: 'unknown',
  delisted: 'delisted',
  halted: 'halted',
  tickChanged: 'tick',
  stepChanged: 'step',
  minNotionalChanged: 'minNotional',
};

/**
 * Gaps that are failures by themselves. A lost stream and a garbled message are counted as one, however many books they cost; what a
 * restart leaves, and what the database did not take, is no failure of the exchange.
 */
const failures: ReadonlySet<GapReason> = new Set<GapReason>(['sequence', 'crossed', 'ticker', 'overflow']);

const requestFailures = [
  'unreachable',
  'timeout',
  'server',
  'throttled',
  'banned',
  'refused',
  'garbled',
  'tooLarge',
] as const satisfies readonly ExchangeErrorKind[];

export function createCollectorMetrics(registry: Registry, market: Market, now = Date.now): CollectorMetrics {
  const messages = counterOf(registry, names.marketMessages);
  const kinds = Object.fromEntries(
    (['depth', 'ticker', 'trade', 'control', 'garbage'] as const).map((kind) => [
      kind,
      messages.labels({ market, kind }),
    ]),
  ) as Record<'depth' | 'ticker' | 'trade' | 'control' | 'garbage', Counter.Internal>;
  const bytesIn = counterOf(registry, names.marketReceivedBytes).labels({ market });
  const duplicates = counterOf(registry, names.marketDuplicates).labels({ market });
  const errors = counterOf(registry, names.collectorErrors);
  const garbage = counterOf(registry, names.marketGarbage);
  const gapsOpened = counterOf(registry, names.marketGapsOpened);
  const gapOpen = gaugeOf(registry, names.marketGapOpen);
  const resyncs = counterOf(registry, names.marketResyncs);
  const snapshots = counterOf(registry, names.marketSnapshots);
  const refused = gaugeOf(registry, names.marketRefused);
  const findingGauge = gaugeOf(registry, names.marketExchangeFindings);
  const symbols = gaugeOf(registry, names.marketSymbols);
  const connections = gaugeOf(registry, names.marketConnections);
  const reconnects = counterOf(registry, names.marketReconnects);
  const wanted = gaugeOf(registry, names.marketSnapshotsWanted);
  const weightUsed = gaugeOf(registry, names.marketWeightUsed);
  const weightBudget = gaugeOf(registry, names.marketWeightBudget);
  const bookUpdated = gaugeOf(registry, names.marketBookUpdated);
  const waitingBytes = gaugeOf(registry, names.marketWaitingBytes);
  let counted = { reconnects: 0, rolls: 0, handlerErrors: 0 };
  const refusedUntilMs = new Map<429 | 418, number>([
    [429, 0],
    [418, 0],
  ]);
  const failed = (kind: string, times = 1): void => errors.inc({ source: 'binance', kind }, times);
  // A rate sees a counter rise only if it was there before.
  for (const kind of [...failures, ...requestFailures, 'disconnect', 'garbage']) failed(kind, 0);
  errors.inc({ source: 'collector', kind: 'defect' }, 0);
  for (const result of ['joined', 'refused', 'failed']) snapshots.inc({ market, result }, 0);

  return {
    message: (kind, bytes) => {
      kinds[kind].inc();
      bytesIn.inc(bytes);
    },
    dropped: () => duplicates.inc(),
    garbage: (symbol) => {
      garbage.inc({ symbol });
      failed('garbage');
    },
    gap: ({ symbol, reason, closedAtMs }) => {
      gapOpen.set({ symbol }, closedAtMs === null ? 1 : 0);
      if (closedAtMs !== null) return;
      gapsOpened.inc({ symbol, reason });
      if (failures.has(reason)) failed(reason);
    },
    disconnected: () => failed('disconnect'),
    joined: (symbol) => {
      resyncs.inc({ symbol });
      snapshots.inc({ market, result: 'joined' });
    },
    request: (result) => {
      if (result === 'ok') return;
      const isRefused = result === 'throttled' || result === 'banned';
      snapshots.inc({ market, result: isRefused ? 'refused' : 'failed' });
      failed(result);
    },
    refused: (status, untilMs) => {
      refusedUntilMs.set(status, Math.max(untilMs, refusedUntilMs.get(status) ?? 0));
      refused.set({ market, status }, 1);
    },
    findings: (findings, checked) => {
      for (const symbol of checked)
        for (const finding of Object.values(findingNames)) findingGauge.remove({ symbol, finding });
      for (const { symbol, kind } of findings) findingGauge.set({ symbol, finding: findingNames[kind] }, 1);
    },
    observe: ({ reports, out, streams, weight, snapshotsWanted }) => {
      const count = { live: 0, waiting: 0, out: 0 };
      let bytes = 0;
      for (const { symbol, state, updatedAtMs, bufferedBytes } of reports) {
        count[state === 'live' ? 'live' : out.has(symbol) ? 'out' : 'waiting']++;
        bytes += bufferedBytes;
        if (updatedAtMs !== undefined) bookUpdated.set({ symbol }, updatedAtMs / 1000);
      }
      for (const [state, number] of Object.entries(count)) symbols.set({ market, state }, number);
      waitingBytes.set({ market }, bytes);
      connections.set({ market }, streams.open);
      reconnects.inc({ market, reason: 'lost' }, streams.reconnects - counted.reconnects);
      reconnects.inc({ market, reason: 'replaced' }, streams.rolls - counted.rolls);
      // A message that a defect of ours ate: as bad as one that cannot be read.
      errors.inc({ source: 'collector', kind: 'defect' }, streams.handlerErrors - counted.handlerErrors);
      counted = streams;
      wanted.set({ market }, snapshotsWanted);
      weightUsed.set({ market }, weight.usedByAddress);
      weightBudget.set({ market }, weight.allowed);
      // Its end is told by nobody.
      for (const [status, untilMs] of refusedUntilMs) refused.set({ market, status }, untilMs > now() ? 1 : 0);
    },
    forget: (symbol) => {
      for (const gauge of [gapOpen, bookUpdated]) gauge.remove({ symbol });
      for (const finding of Object.values(findingNames)) findingGauge.remove({ symbol, finding });
    },
  };
}
