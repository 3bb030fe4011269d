import { RetryableError } from '../../runtime/errors.ts';

/**
 * unreachable, timeout, server: the exchange or the way to it has trouble, try again later · throttled, banned: nothing may be
 * asked before `retryAtMs` · refused: it will not answer this request, whenever it is asked · garbled, tooLarge: an answer that
 * is of no use.
 */
export type ExchangeErrorKind =
  | 'unreachable'
  | 'timeout'
  | 'server'
  | 'throttled'
  | 'banned'
  | 'refused'
  | 'garbled'
  | 'tooLarge';

interface Facts {
  readonly status?: number | undefined;
  /** The exchange's own code, as -1121 for a symbol that it does not know. */
  readonly code?: number | undefined;
  /** By our clock. */
  readonly retryAtMs?: number | undefined;
  readonly cause?: unknown;
}

/** A request to the exchange that failed. A later one may succeed, so it is of the retryable family. Its message holds no secret. */
export class ExchangeError extends RetryableError {
  readonly kind: ExchangeErrorKind;
  readonly status: number | undefined;
  readonly code: number | undefined;
  readonly retryAtMs: number | undefined;

  constructor(kind: ExchangeErrorKind, message: string, facts: Facts = {}) {
    super(message, { cause: facts.cause });
    this.kind = kind;
    this.status = facts.status;
    this.code = facts.code;
    this.retryAtMs = facts.retryAtMs;
  }
}
