import { Agent, request } from 'undici';
import { describeError } from '../../runtime/errors.ts';
import { classifyRpcError, EndpointFault, parseRetryAfter } from './fault.ts';
import { lookupHost } from './lookup-host.ts';

/** One JSON-RPC 2.0 call. */
export interface Call {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Its answer: a result not yet believed, or the fault in its place. */
export type Reply = { readonly result: unknown } | { readonly fault: EndpointFault };

export interface BatchOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The replies in the order of the calls, and what they cost. */
export interface BatchReply {
  readonly replies: readonly Reply[];
  /** Characters of the answer. */
  readonly size: number;
  readonly tookMs: number;
}

// A block of a busy chain with receipts is 1–4 MB, and batches are kept to a few of those: a runaway answer must not eat the process.
const responseBytesMax = 64 * 1024 * 1024;

/** HTTP connections shared by every network of the process. */
export function createHttpAgent(connectionsMaxPerHost: number): Agent {
  return new Agent({
    connections: connectionsMaxPerHost,
    pipelining: 1,
    maxResponseSize: responseBytesMax,
    keepAliveTimeout: 30_000,
    connect: { lookup: lookupHost },
  });
}

/**
 * Sends calls as one JSON-RPC batch (a lone call goes as a single object: some nodes refuse batches).
 * Replies are matched by id, in any order. Throws EndpointFault when the answer as a whole is of no use;
 * a call refused on its own is a `fault` in its place.
 */
export async function sendBatch(
  agent: Agent,
  url: string,
  calls: readonly Call[],
  options: BatchOptions,
): Promise<BatchReply> {
  const requests = calls.map((call, id) => ({ jsonrpc: '2.0', id, method: call.method, params: call.params }));
  const from = performance.now();
  const text = await post(agent, url, JSON.stringify(requests.length === 1 ? requests[0] : requests), options);
  const replies = matchReplies(parseJson(text), calls.length);
  return { replies, size: text.length, tookMs: performance.now() - from };
}

async function post(agent: Agent, url: string, body: string, { signal, timeoutMs }: BatchOptions): Promise<string> {
  signal.throwIfAborted();
  // Not AbortSignal.any and .timeout: their timers and listeners outlive the request, thousands of them at this rate.
  const abort = new AbortController();
  const stop = (): void => abort.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    abort.abort();
  }, timeoutMs);
  try {
    const response = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body,
      signal: abort.signal,
    });
    const text = await response.body.text();
    if (response.statusCode === 200) return text;
    throw faultOfStatus(response.statusCode, response.headers['retry-after'], text, body.startsWith('['));
  } catch (error) {
    if (error instanceof EndpointFault) throw error;
    signal.throwIfAborted();
    if (late) throw new EndpointFault('timeout', `no answer within ${timeoutMs} ms`, { cause: error });
    if (codeOf(error) === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
      throw new EndpointFault('too_large', `an answer of more than ${responseBytesMax} bytes`, { cause: error });
    }
    throw new EndpointFault('unreachable', withoutUrl(describeError(error)), { cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

function faultOfStatus(
  status: number,
  retryAfter: string | string[] | undefined,
  text: string,
  isBatch: boolean,
): EndpointFault {
  const header = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
  const retryAfterMs = parseRetryAfter(header, Date.now());
  // Several providers answer a JSON-RPC error under a 4xx or 5xx status; its text says more than the status.
  const answer = tryParse(text);
  const error = errorIn(Array.isArray(answer) ? answer[0] : answer);
  const fault = error === undefined ? undefined : classifyRpcError(error.code, error.message, error.data);
  if (status === 429)
    return new EndpointFault('rate_limited', fault?.message ?? 'HTTP 429', {
      retryAfterMs: retryAfterMs ?? fault?.retryAfterMs,
    });
  if (fault !== undefined && fault.kind !== 'rpc_error') return fault;
  if (status === 413) return new EndpointFault('too_large', 'HTTP 413');
  if (status === 401 || status === 403)
    return new EndpointFault('forbidden', `HTTP ${status}: the endpoint wants a key or blocks us`);
  // A server that does not know batches cannot parse one.
  if (status === 400 && isBatch) return new EndpointFault('no_batches', fault?.message ?? 'HTTP 400 for a batch');
  return new EndpointFault(
    'server_error',
    fault === undefined ? `HTTP ${status}` : `HTTP ${status}: ${fault.message}`,
    { retryAfterMs },
  );
}

function parseJson(text: string): unknown {
  const parsed = tryParse(text);
  if (parsed === undefined) {
    const start = JSON.stringify(text.slice(0, 40));
    throw new EndpointFault(
      'garbled',
      text === '' ? 'an empty answer' : `the answer is not JSON, or only a part of it: ${start}…`,
    );
  }
  return parsed;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function matchReplies(answer: unknown, count: number): Reply[] {
  if (!Array.isArray(answer)) {
    if (count === 1) return matchReplies([answer], 1);
    const error = errorIn(answer);
    if (error !== undefined) throw refusalOfBatch(error);
    if (typeof answer !== 'object' || answer === null)
      throw new EndpointFault('garbled', 'neither an object nor an array came back');
    throw new EndpointFault('no_batches', 'one object came back for a batch');
  }
  const replies: Reply[] = new Array(count);
  let matched = 0;
  for (const each of answer) {
    if (typeof each !== 'object' || each === null) throw new EndpointFault('garbled', 'a reply is not an object');
    const { id } = each as { id?: unknown };
    const error = errorIn(each);
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= count || replies[id] !== undefined) {
      // An error without an id is about the whole batch.
      if (error !== undefined && (id === null || id === undefined)) {
        throw count > 1 ? refusalOfBatch(error) : classifyRpcError(error.code, error.message, error.data);
      }
      throw new EndpointFault(
        'wrong_ids',
        `a reply has id ${JSON.stringify(id)?.slice(0, 40)}, which was not asked or came twice`,
      );
    }
    if (error !== undefined) replies[id] = { fault: classifyRpcError(error.code, error.message, error.data) };
    else if ('result' in each) replies[id] = { result: each.result };
    else throw new EndpointFault('garbled', 'a reply has neither result nor error');
    matched++;
  }
  if (matched !== count) throw new EndpointFault('wrong_ids', `${count} calls, but ${matched} replies`);
  return replies;
}

interface RpcError {
  readonly code: unknown;
  readonly message: unknown;
  readonly data: unknown;
}

/** A batch refused as a whole with a text that says nothing of size or speed: it may be the batch that is not understood. */
function refusalOfBatch({ code, message, data }: RpcError): EndpointFault {
  const fault = classifyRpcError(code, message, data);
  return fault.kind === 'rpc_error' || fault.kind === 'unsupported'
    ? new EndpointFault('no_batches', fault.message)
    : fault;
}

function errorIn(value: unknown): RpcError | undefined {
  if (typeof value !== 'object' || value === null || !('error' in value)) return undefined;
  const { error } = value;
  if (typeof error === 'string') return { code: undefined, message: error, data: undefined };
  if (typeof error !== 'object' || error === null) return undefined;
  return {
    code: 'code' in error ? error.code : undefined,
    message: 'message' in error ? error.message : undefined,
    data: 'data' in error ? error.data : undefined,
  };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function withoutUrl(text: string): string {
  return text.replaceAll(/https?:\/\/\S+/g, '<url>');
}
