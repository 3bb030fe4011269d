const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** For how long the cache keeps what, as the brief says. */
export const cacheTtls = {
  /** Answers that cost their store something, where their key changes with what they say. */
  queryResultMs: hourMs,
  sessionMs: 24 * hourMs,
  /** Requests of a caller are counted over so long; the brief allows 100 of them. */
  rateLimitWindowMs: minuteMs,
} as const;
