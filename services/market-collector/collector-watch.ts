import type { Logger } from 'pino';
import type { Health, Started } from '../runtime/modules.ts';
import type { MarketReport } from './collect-market.ts';
import type { Recorder } from './recorder.ts';

export interface CollectorWatchOptions {
  readonly reports: () => readonly MarketReport[];
  readonly recorder: Required<Started<Pick<Recorder, 'stats'>>>;
  readonly barWriter: Required<Started<unknown>>;
  readonly monitoring: { readonly metricsIntervalSeconds: number; readonly healthCheckIntervalSeconds: number };
  readonly log: Logger;
  readonly now?: () => number;
}

/** Tells how the collector is: now and then in the log, and to whoever asks. */
export interface CollectorWatch {
  health(): Promise<Health>;
  stop(): void;
}

/** So long after the start no book need be live. */
const graceMs = 120_000;
/** While a book is live and its stream is open, the exchange is seldom silent of it for so long. */
const stillMs = 300_000;
const namedMax = 5;

/**
 * Writes a line of what came and went every `metricsIntervalSeconds`, and looks every `healthCheckIntervalSeconds` for books
 * that stand still.
 */
export function startWatch(options: CollectorWatchOptions): CollectorWatch {
  const { reports, recorder, monitoring, log, now = Date.now } = options;
  let counted = { messages: 0, bytes: 0 };
  let still: readonly string[] = [];
  const startedAtMs = now();

  function tell(): void {
    const all = reports();
    const sum = (of: (report: MarketReport) => number): number => all.reduce((total, each) => total + of(each), 0);
    const total = { messages: sum(({ streams }) => streams.messages), bytes: sum(({ streams }) => streams.bytes) };
    const { bufferedRows, spillBytes } = recorder.part.stats();
    log.info(
      {
        seconds: monitoring.metricsIntervalSeconds,
        messages: total.messages - counted.messages,
        bytes: total.bytes - counted.bytes,
        live: sum(({ symbols }) => symbols.filter(({ state }) => state === 'live').length),
        symbols: sum(({ symbols }) => symbols.length),
        gaps: sum(({ symbols }) => symbols.filter(({ gap }) => gap !== undefined).length),
        bufferedRows,
        spillBytes,
      },
      'order books collected',
    );
    counted = total;
  }

  function look(): void {
    const before = now() - stillMs;
    const found = reports().flatMap(({ symbols }) =>
      symbols
        .filter(({ state, updatedAtMs = 0 }) => state === 'live' && updatedAtMs < before)
        .map(({ symbol }) => symbol),
    );
    const fresh = found.filter((symbol) => !still.includes(symbol));
    if (fresh.length > 0) log.warn({ symbols: fresh, seconds: stillMs / 1000 }, 'books stand still');
    still = found;
  }

  const timers = [
    setInterval(tell, monitoring.metricsIntervalSeconds * 1000),
    setInterval(look, monitoring.healthCheckIntervalSeconds * 1000),
  ];
  return {
    health: async () => {
      const [records, bars] = await Promise.all([recorder.health(), options.barWriter.health()]);
      return healthOf({ reports: reports(), still, records, bars, isNew: now() - startedAtMs < graceMs });
    },
    stop: () => {
      for (const timer of timers) clearInterval(timer);
    },
  };
}

/**
 * One pair's trouble is that pair's; a collector that has no connection, no book or no place for its records
 * is not doing its work. Its bars may wait for their store.
 */
function healthOf({
  reports,
  still,
  records,
  bars,
  isNew,
}: {
  readonly reports: readonly MarketReport[];
  readonly still: readonly string[];
  readonly records: Health;
  readonly bars: Health;
  readonly isNew: boolean;
}): Health {
  const symbols = reports.flatMap((report) => report.symbols);
  const live = symbols.filter(({ state }) => state === 'live').length;
  const open = reports.reduce((sum, { streams }) => sum + streams.open, 0);
  const findings = reports.flatMap((report) => report.findings);
  const out = findings.filter(({ kind }) => kind === 'unknown' || kind === 'delisted' || kind === 'halted');
  const changed = findings.filter((finding) => !out.includes(finding));
  const parts = [
    `${live} of ${symbols.length} books live over ${open} connections`,
    ...namesOf(
      'not traded',
      out.map(({ symbol, kind }) => `${symbol} (${kind})`),
    ),
    ...namesOf(
      'not as in the catalog',
      changed.map(({ symbol, kind, exchange }) => `${symbol} (${kind} to ${exchange})`),
    ),
    ...namesOf('standing still', still),
    ...[records, bars].flatMap(({ ok, detail = 'rows cannot be written' }) => (ok ? [] : detail)),
  ];
  const isCollecting = symbols.length === 0 || (open > 0 && (live > 0 || isNew));
  return { ok: isCollecting && records.ok, detail: parts.join('; ') };
}

function namesOf(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > namedMax ? ` and ${names.length - namedMax} more` : '';
  return [`${what}: ${names.slice(0, namedMax).join(', ')}${more}`];
}
