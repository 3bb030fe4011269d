import { Agent, request } from 'undici';
import { describeError } from '../../runtime/errors.ts';
import { classifyRpcError, EndpointFault, parseRetryAfter } from './fault.ts';

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
  readonly bytes: number;
  readonly tookMs: number;
}

// A block of a busy chain with receipts is 1–4 MB; a batch of a hundred stays under this, and a runaway answer does not eat the process.
const responseBytesMax = 512 * 1024 * 1024;

/** HTTP connections shared by every network of the process. */
export function createHttpAgent(connectionsMaxPerHost: number): Agent {
  return new Agent({ connections: connectionsMaxPerHost, pipelining: 1, maxResponseSize: responseBytesMax, keepAliveTimeout: 30_000 });
}

/**
 * Sends calls as one JSON-RPC batch (a lone call goes as a single object: some nodes refuse batches).
 * Replies are matched by id, in any order. Throws EndpointFault when the answer as a whole is of no use;
 * a call refused on its own is a `fault` in its place.
 */
export async function sendBatch(agent: Agent, url: string, calls: readonly Call[], options: BatchOptions): Promise<BatchReply> {
  const requests = calls.map((call, id) => ({ jsonrpc: '2.0', id, method: call.method, params: call.params }));
  const from = performance.now();
  const text = await post(agent, url, JSON.stringify(requests.length === 1 ? requests[0] : requests), options);
  const replies = matchReplies(parseJson(text), calls.length);
  return { replies, bytes: text.length, tookMs: performance.now() - from };
}

async function post(agent: Agent, url: string, body: string, options: BatchOptions): Promise<string> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  try {
    const response = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body,
      signal: AbortSignal.any([timeout, options.signal]),
    });
    const text = await response.body.text();
    if (response.statusCode === 200) return text;
    throw faultOfStatus(response.statusCode, response.headers['retry-after'], text);
  } catch (error) {
    if (error instanceof EndpointFault) throw error;
    options.signal.throwIfAborted();
    if (timeout.aborted) throw new EndpointFault('timeout', `no answer within ${options.timeoutMs} ms`, { cause: error });
    throw new EndpointFault('unreachable', withoutUrl(describeError(error)), { cause: error });
  }
}

function faultOfStatus(status: number, retryAfter: string | string[] | undefined, text: string): EndpointFault {
  const header = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
  const retryAfterMs = parseRetryAfter(header, Date.now());
  if (status === 429) return new EndpointFault('rate_limited', 'HTTP 429', { retryAfterMs });
  if (status === 413) return new EndpointFault('too_large', 'HTTP 413');
  if (status === 401 || status === 403) return new EndpointFault('forbidden', `HTTP ${status}: the endpoint wants a key or blocks us`);
  // Several providers answer a JSON-RPC error under a 4xx or 5xx status; its text says more than the status.
  const error = errorIn(tryParse(text));
  if (error !== undefined) {
    const fault = classifyRpcError(error.code, error.message);
    if (fault.kind !== 'rpc_error') return fault;
  }
  return new EndpointFault('server_error', `HTTP ${status}`, { retryAfterMs });
}

function parseJson(text: string): unknown {
  const parsed = tryParse(text);
  if (parsed === undefined) {
    const start = JSON.stringify(text.slice(0, 40));
    throw new EndpointFault('garbled', text === '' ? 'an empty answer' : `the answer is not JSON, or only a part of it: ${start}…`);
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
    const error = errorIn(answer);
    // A batch refused as a whole comes back as one error object.
    if (count > 1 && error !== undefined) throw classifyRpcError(error.code, error.message);
    if (count > 1) throw new EndpointFault('unsupported', 'batch not supported: one object came back for a batch');
    return matchReplies([answer], 1);
  }
  const replies: Reply[] = new Array(count);
  let matched = 0;
  for (const each of answer) {
    if (typeof each !== 'object' || each === null) throw new EndpointFault('garbled', 'a reply is not an object');
    const { id } = each as { id?: unknown };
    const error = errorIn(each);
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= count || replies[id] !== undefined) {
      // An error without an id is about the whole batch.
      if (error !== undefined && (id === null || id === undefined)) throw classifyRpcError(error.code, error.message);
      throw new EndpointFault('wrong_ids', `a reply has id ${JSON.stringify(id)?.slice(0, 40)}, which was not asked or came twice`);
    }
    if (error !== undefined) replies[id] = { fault: classifyRpcError(error.code, error.message) };
    else if ('result' in each) replies[id] = { result: each.result };
    else throw new EndpointFault('garbled', 'a reply has neither result nor error');
    matched++;
  }
  if (matched !== count) throw new EndpointFault('wrong_ids', `${count} calls, but ${matched} replies`);
  return replies;
}

function errorIn(value: unknown): { code: unknown; message: unknown } | undefined {
  if (typeof value !== 'object' || value === null || !('error' in value)) return undefined;
  const { error } = value;
  if (typeof error === 'string') return { code: undefined, message: error };
  if (typeof error !== 'object' || error === null) return undefined;
  return { code: 'code' in error ? error.code : undefined, message: 'message' in error ? error.message : undefined };
}

function withoutUrl(text: string): string {
  return text.replaceAll(/https?:\/\/\S+/g, '<url>');
}
