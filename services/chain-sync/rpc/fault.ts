/**
 * What an endpoint did wrong, as one word for metrics and for choosing what to do:
 * unreachable, timeout, server_error, garbled, wrong_ids, bad_answer: rest it a little longer each time;
 * rate_limited: obey Retry-After and slow down; too_large: ask for less; unsupported: never ask this again;
 * behind: it has not got the block yet; wrong_chain: it serves another chain, leave it alone.
 */
export type FaultKind =
  | 'unreachable'
  | 'timeout'
  | 'server_error'
  | 'forbidden'
  | 'garbled'
  | 'wrong_ids'
  | 'bad_answer'
  | 'rate_limited'
  | 'too_large'
  | 'unsupported'
  | 'behind'
  | 'rpc_error'
  | 'wrong_chain';

/** One failed request to one endpoint. The message never holds the URL, whose path may carry a key. */
export class EndpointFault extends Error {
  override readonly name = 'EndpointFault';
  readonly kind: FaultKind;
  /** How long the endpoint asked to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** The largest batch or range it says it accepts. */
  readonly sizeMax: number | undefined;

  constructor(kind: FaultKind, message: string, hints: { retryAfterMs?: number | undefined; sizeMax?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause: hints.cause });
    this.kind = kind;
    this.retryAfterMs = hints.retryAfterMs;
    this.sizeMax = hints.sizeMax;
  }
}

/**
 * Reads a JSON-RPC error as a provider words it. Codes: JSON-RPC 2.0 and EIP-1474; texts: collected from public issue threads
 * of Alchemy, Infura, QuickNode, Ankr, drpc, publicnode, Tenderly and op-node, since providers share no code for "ask for less".
 */
export function classifyRpcError(code: unknown, message: unknown): EndpointFault {
  const text = typeof message === 'string' ? message.slice(0, 300) : 'no message';
  const told = `${text} (code ${typeof code === 'number' ? code : 'none'})`;
  if (/rate.?limit|too many requests|throttl|exceeded (its|your|the) (compute|capacity|request|quota)|request limit|quota/i.test(text) || code === 429) {
    return new EndpointFault('rate_limited', told, { retryAfterMs: retryAfterIn(text) });
  }
  if (/too large|too big|too many (blocks|results|requests in batch)|response size|size (is )?exceed|exceeds? .*(limit|max|range|size)|range.*(limit|max|exceed|wide)|limited to|more than \d|batch.*(limit|max|size)/i.test(text)) {
    return new EndpointFault('too_large', told, { sizeMax: sizeMaxIn(text) });
  }
  if (code === -32601 || /method.*(not (found|supported|available|exist|allowed|whitelisted)|unsupported)|unsupported method|not implemented|batch.*(not (supported|allowed)|disabled|unsupported)/i.test(text)) {
    return new EndpointFault('unsupported', told);
  }
  if (/header not found|unknown block|block not found|not yet|future block|missing trie|beyond.*head/i.test(text)) {
    return new EndpointFault('behind', told);
  }
  // EIP-1474: -32005 limit exceeded, with a text we know nothing of.
  if (code === -32005) return new EndpointFault('rate_limited', told);
  return new EndpointFault('rpc_error', told);
}

/** The HTTP header Retry-After in milliseconds: seconds or a date, by RFC 9110 §10.2.3. */
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

function sizeMaxIn(text: string): number | undefined {
  const match = /(?:max(?:imum)?|limit(?:ed)?|up to|at most|(?:no )?more than|exceeds?)[^\d]{0,30}(\d[\d,_]*)\s*(k)?/i.exec(text);
  if (match?.[1] === undefined) return undefined;
  const size = Number(match[1].replaceAll(/[,_]/g, '')) * (match[2] === undefined ? 1 : 1000);
  return Number.isSafeInteger(size) && size > 0 ? size : undefined;
}
