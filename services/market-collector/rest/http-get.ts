import { type Dispatcher, request } from 'undici';
import { describeError } from '../../runtime/errors.ts';
import { ExchangeError } from './exchange-error.ts';
import { parseRetryAfter } from './retry-after.ts';

export interface GetOptions {
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly bytesMax: number;
  readonly signal: AbortSignal;
  readonly clock: () => number;
  /** The headers that tell of limits; of every answer, a refusal included. */
  readonly onLimits: (limits: {
    readonly usedWeight: number | undefined;
    readonly serverTimeMs: number | undefined;
  }) => void;
}

const errorBytesMax = 64 * 1024;
/** Where Retry-After is missing: a 429 is over with the minute, and the shortest ban is two minutes. */
const throttledMs = 60_000;
const bannedMs = 120_000;

/** GETs `url` and hands over the body of a 200 as it comes. Returns the body's bytes; anything but a whole 200 is an ExchangeError. */
export async function httpGet(url: URL, onChunk: (chunk: Buffer) => void, options: GetOptions): Promise<number> {
  const { signal, timeoutMs, bytesMax } = options;
  signal.throwIfAborted();
  // Not AbortSignal.any and .timeout: their timers and listeners outlive the request.
  const abort = new AbortController();
  const stop = (): void => abort.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    abort.abort();
  }, timeoutMs);
  const what = `GET ${url.pathname}`;
  try {
    const response = await request(url, {
      dispatcher: options.dispatcher,
      headers: { accept: 'application/json', 'accept-encoding': 'identity', ...options.headers },
      signal: abort.signal,
    });
    const { statusCode, headers, body } = response;
    options.onLimits({
      usedWeight: countIn(headers['x-mbx-used-weight-1m']),
      serverTimeMs: timeIn(headers.date),
    });
    const ok = statusCode === 200;
    const told: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > (ok ? bytesMax : errorBytesMax)) {
        if (!ok) break;
        throw new ExchangeError('tooLarge', `${what}: an answer of more than ${bytesMax} bytes`);
      }
      if (ok) onChunk(chunk);
      else told.push(chunk);
    }
    if (ok) return bytes;
    throw errorOfStatus(
      what,
      statusCode,
      Buffer.concat(told).toString('utf8'),
      headers['retry-after'],
      options.clock(),
    );
  } catch (error) {
    if (error instanceof ExchangeError) throw error;
    signal.throwIfAborted();
    if (late) throw new ExchangeError('timeout', `${what}: no whole answer within ${timeoutMs} ms`, { cause: error });
    if (error instanceof SyntaxError) {
      throw new ExchangeError('garbled', `${what}: ${error.message}`, { cause: error });
    }
    throw new ExchangeError('unreachable', `${what}: ${describeError(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    // A body that was not read to its end keeps its connection.
    abort.abort();
  }
}

/** https://developers.binance.com/docs/binance-spot-api-docs/rest-api/general-information-on-endpoints ("HTTP return codes"). */
function errorOfStatus(
  what: string,
  status: number,
  body: string,
  retryAfter: string | string[] | undefined,
  nowMs: number,
): ExchangeError {
  const { code, message } = errorIn(body);
  const text = `${what}: HTTP ${status}${message === undefined ? '' : `: ${message}`}${code === undefined ? '' : ` (code ${code})`}`;
  const retryAtMs = parseRetryAfter(retryAfter, nowMs);
  if (status === 418) {
    return new ExchangeError('banned', text, { status, code, retryAtMs: retryAtMs ?? nowMs + bannedMs });
  }
  // 403: its firewall holds us for a flood.
  if (status === 429 || status === 403) {
    return new ExchangeError('throttled', text, { status, code, retryAtMs: retryAtMs ?? nowMs + throttledMs });
  }
  if (status === 451) {
    return new ExchangeError('refused', `${text}: not served to this place; run the collector elsewhere`, {
      status,
      code,
    });
  }
  return new ExchangeError(status >= 500 ? 'server' : 'refused', text, { status, code, retryAtMs });
}

/** `{"code":-1121,"msg":"Invalid symbol."}` */
function errorIn(body: string): { code: number | undefined; message: string | undefined } {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return { code: undefined, message: undefined };
    const code = 'code' in value && typeof value.code === 'number' ? value.code : undefined;
    const message = 'msg' in value && typeof value.msg === 'string' ? value.msg.slice(0, 200) : undefined;
    return { code, message };
  } catch {
    return { code: undefined, message: undefined };
  }
}

function countIn(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) : undefined;
}

function timeIn(header: string | string[] | undefined): number | undefined {
  const at = typeof header === 'string' ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
