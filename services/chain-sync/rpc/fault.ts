/**
 * What an endpoint did wrong, as one word for metrics and for choosing what to do:
 * unreachable, timeout, server_error, forbidden, garbled, wrong_ids, bad_answer, rpc_error: rest it a little longer each time;
 * rate_limited: obey Retry-After and slow down; too_large: ask for less; no_batches: ask one call at a time;
 * unsupported: it does not know the method; missing: it has not got the block, not yet or no longer;
 * wrong_chain: it serves another chain, leave it alone.
 */
export type FaultKind =
  | 'unreachable'
  | 'timeout'
  | 'server_error'
  | 'forbidden'
  | 'garbled'
  | 'wrong_ids'
  | 'bad_answer'
  | 'rpc_error'
  | 'rate_limited'
  | 'too_large'
  | 'no_batches'
  | 'unsupported'
  | 'missing'
  | 'wrong_chain';

interface Hints {
  readonly retryAfterMs?: number | undefined;
  readonly callsMax?: number | undefined;
  readonly cause?: unknown;
}

/** One failed request to one endpoint. The message never holds the URL, whose path may carry a key. */
export class EndpointFault extends Error {
  override readonly name = 'EndpointFault';
  readonly kind: FaultKind;
  /** How long the endpoint asked to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** The most calls in one batch that it says it accepts. */
  readonly callsMax: number | undefined;

  constructor(kind: FaultKind, message: string, hints: Hints = {}) {
    super(message, { cause: hints.cause });
    this.kind = kind;
    this.retryAfterMs = hints.retryAfterMs;
    this.callsMax = hints.callsMax;
  }
}

// Providers share no code for "too fast" or "too much", so their texts decide. Collected from public issue threads and sources of
// geth, Erigon, Nethermind, proxyd (OP stack), Alchemy, Infura, QuickNode, Ankr, dRPC, publicnode and Tenderly.
const texts: readonly (readonly [FaultKind, RegExp])[] = [
  [
    'too_large',
    /more than \d+ requests|too (large|big)|(many|more than).*in batch|batch.*(limit|max|size)|(maximum|max|limit).*batch/i,
  ],
  ['no_batches', /batch.*(not (supported|allowed|enabled)|disabled|unsupported)|(no|unsupported|disabled).*batch/i],
  [
    'rate_limited',
    /rate.?limit|rate exceeded|too many requests|throttl|exceeded (its|your|the).*(compute|capacity|request|quota)|requests? (count|limit)|quota|capacity|under too much load|requests limited/i,
  ],
  [
    'too_large',
    /response size|size (is )?exceed|exceeds? .*(limit|max|range|size)|range.*(limit|max|exceed|wide)|limited to|(returned|results) more than/i,
  ],
  [
    'unsupported',
    /(method|module).*(not (found|supported|available|allowed|whitelisted)|does not exist|unsupported|disabled)|unsupported method|not implemented|not included in your.*plan/i,
  ],
  [
    'missing',
    /(header|block|transaction|receipts?) (is )?(not found|not available|unavailable)|unknown block|out of range|not yet|future block|missing trie|prun|archive|indexing is in progress|history.*(unavailable|not available|expired)/i,
  ],
  ['forbidden', /unauthori[sz]ed|forbidden|authenticat|api.?key|not allowed to access/i],
  ['timeout', /timed? ?out/i],
];

const codes: Readonly<Record<number, FaultKind>> = {
  429: 'rate_limited',
  // JSON-RPC 2.0.
  [-32601]: 'unsupported',
  // EIP-1474: method not supported, limit exceeded.
  [-32004]: 'unsupported',
  [-32005]: 'rate_limited',
  // proxyd of the OP stack: too many calls in a batch.
  [-32014]: 'too_large',
  // geth: history expired by EIP-4444.
  4444: 'missing',
};

/** Reads a JSON-RPC error as a provider words it; where the text tells nothing, the code decides. `data` is the error's third field. */
export function classifyRpcError(code: unknown, message: unknown, data?: unknown): EndpointFault {
  const text = typeof message === 'string' ? message.slice(0, 300) : 'no message';
  const told = `${withoutSecrets(text)} (code ${typeof code === 'number' ? code : 'none'})`;
  const kind =
    texts.find(([, pattern]) => pattern.test(text))?.[0] ??
    (typeof code === 'number' ? codes[code] : undefined) ??
    'rpc_error';
  return new EndpointFault(kind, told, {
    retryAfterMs: kind === 'rate_limited' ? (retryAfterIn(text) ?? backoffIn(data)) : undefined,
    callsMax:
      kind === 'too_large'
        ? (callsMaxIn(text) ?? (typeof data === 'string' ? callsMaxIn(data) : undefined))
        : undefined,
  });
}

/** Providers repeat the address with its key, or the key itself: what is told must be fit for a public page. Hashes stay. */
function withoutSecrets(text: string): string {
  return text.replaceAll(/\b(https?|wss?):\/\/\S+/gi, '<url>').replaceAll(/\b(?!0x)[A-Za-z0-9_-]{20,}\b/g, '<hidden>');
}

/** The HTTP header Retry-After in milliseconds: seconds or a date, by RFC 9110 §10.2.3. `nowMs` is Unix time. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

function retryAfterIn(text: string): number | undefined {
  const match = /(?:retry|try again|wait)[^\d]{0,20}(\d+(?:\.\d+)?)\s*(ms|milli|s|sec|min)?/i.exec(text);
  if (match?.[1] === undefined) return undefined;
  const unitMs = /^m(s|illi)/i.test(match[2] ?? '') ? 1 : /^min/i.test(match[2] ?? '') ? 60_000 : 1000;
  return Number(match[1]) * unitMs;
}

/** Infura's way to say it: `{"rate": {"backoff_seconds": 30, …}}`. */
function backoffIn(data: unknown): number | undefined {
  const rate = typeof data === 'object' && data !== null && 'rate' in data ? data.rate : data;
  if (typeof rate !== 'object' || rate === null || !('backoff_seconds' in rate)) return undefined;
  const seconds = rate.backoff_seconds;
  return typeof seconds === 'number' && seconds >= 0 ? seconds * 1000 : undefined;
}

// A number of calls, not of bytes or seconds: only in sentences about batches or requests.
function callsMaxIn(text: string): number | undefined {
  if (!/batch|requests|calls|max limit/i.test(text)) return undefined;
  const pattern =
    /(?:max(?:imum)?|limit(?:ed)?|up to|at most|more than|exceeds?)[^\d]{0,30}(\d[\d,_]*)(?!\d|[,_]|\s*(?:[kmg]i?b|bytes?|m?s\b|sec|min))/i;
  const match = pattern.exec(text);
  if (match?.[1] === undefined) return undefined;
  const calls = Number(match[1].replaceAll(/[,_]/g, ''));
  return Number.isSafeInteger(calls) && calls > 0 ? calls : undefined;
}
