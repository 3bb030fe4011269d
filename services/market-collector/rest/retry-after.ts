/**
 * Until when Retry-After asks us to wait, by our clock: seconds or a date (RFC 9110 §10.2.3). Binance sends seconds.
 * Undefined when the header is missing or cannot be read.
 */
export function parseRetryAfter(header: string | string[] | undefined, nowMs: number): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,9}$/.test(text)) return nowMs + Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(nowMs, at);
}
