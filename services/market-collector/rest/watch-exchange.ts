import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { describeError } from '../../runtime/errors.ts';
import { checkPairs, type Finding, type ListedPair } from './exchange-check.ts';
import type { Rest } from './rest.ts';

export interface WatchExchangeOptions {
  readonly rest: Pick<Rest, 'loadExchangeInfo'>;
  /** The pairs that are followed now. */
  readonly pairs: () => readonly ListedPair[];
  /** What a check found; called once a check. */
  readonly onFindings: (findings: readonly Finding[]) => void;
  readonly onFailed?: (error: unknown) => void;
  readonly everyMs?: number;
  readonly retryMs?: number;
  readonly random?: () => number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const dayMs = 86_400_000;

/** Checks the followed pairs against the exchange now and daily, until the signal aborts. Never throws. */
export async function watchExchange(options: WatchExchangeOptions): Promise<void> {
  const { everyMs = dayMs, retryMs = 300_000, random = Math.random, log, signal } = options;
  while (!signal.aborted) {
    let waitMs = everyMs;
    try {
      const info = await options.rest.loadExchangeInfo(signal);
      const findings = checkPairs(options.pairs(), info);
      for (const finding of findings) log.warn(finding, 'a pair of the catalog is not as the exchange has it');
      options.onFindings(findings);
    } catch (error) {
      if (signal.aborted) return;
      waitMs = retryMs;
      log.warn({ error: describeError(error) }, 'the pairs could not be checked against the exchange');
      options.onFailed?.(error);
    }
    // Collectors that were started together need not ask together for ever.
    await pause(waitMs * (0.9 + random() / 10), undefined, { signal }).catch(() => undefined);
  }
}
