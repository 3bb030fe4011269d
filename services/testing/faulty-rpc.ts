import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from './seeded-random.ts';

/** Limits a fault to some requests; without it every request has the fault. All that is given must hold. */
export interface When {
  /** Only these calls; a fault of the whole HTTP request needs one of them in it. */
  readonly methods?: readonly string[];
  /** Only batches of more calls than this. */
  readonly batchOver?: number;
  /** Only `eth_getLogs` over more blocks than this. */
  readonly rangeOver?: number;
}

/** What can be wrong with a node, as nodes and providers really are wrong. */
export type Fault = { readonly when?: When } & (
  | { readonly kind: 'none' }
  /** Combines with any other fault. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** HTTP errors: 429 with or without Retry-After, 500, 502, 503 … */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number }
  /** A page of a proxy or a captcha, with status 200. */
  | { readonly kind: 'html' }
  /**
   * The answer ends in the middle: the connection breaks before `content-length` bytes or before the last chunk, or all is
   * in order for HTTP and only the JSON is cut.
   */
  | { readonly kind: 'halfBody'; readonly framing: 'length' | 'chunked' | 'complete' }
  | { readonly kind: 'reset' }
  /** Never answers. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'wrongIds' }
  | { readonly kind: 'missingIds' }
  /** The answers to a batch in another order: allowed by JSON-RPC. */
  | { readonly kind: 'reordered' }
  /** Some answers of a batch are not there. */
  | { readonly kind: 'missingAnswers' }
  /** A batch is answered with one object: the answer to its first call. */
  | { readonly kind: 'singleObject' }
  /** A batch is refused: with one JSON-RPC error, or with HTTP 400. */
  | { readonly kind: 'noBatches'; readonly how: 'error' | 'status' }
  /** Each call is refused; see `providerErrors`. For a batch that is too big the whole of it, in one object. */
  | { readonly kind: 'rpcError'; readonly error: RpcError }
  /** Like geth's limit on the answer to a batch: calls past so many bytes are refused. */
  | { readonly kind: 'responseLimit'; readonly bytes: number; readonly error: RpcError }
  | { readonly kind: 'methodNotFound'; readonly methods: readonly string[] }
  /** The node says that what exists does not. */
  | { readonly kind: 'nullResult' }
  /** `eth_getBlockReceipts` leaves out the last, `eth_getTransactionReceipt` gives null. */
  | { readonly kind: 'missingReceipts' }
  /** Receipts come from another block than the one asked for, as from a node behind the balancer on another branch. */
  | { readonly kind: 'skewedReceipts' }
  /** The node is so many blocks behind. */
  | { readonly kind: 'staleHead'; readonly blocks: number }
  /** The answers of another node; restrict it with `when.methods` to leave, say, `eth_chainId` right. */
  | { readonly kind: 'otherChain'; readonly upstream: string }
);

export type FaultKind = Fault['kind'];

export interface RpcError {
  readonly code: number;
  readonly message: string;
}

/** How nodes and providers refuse what is too much for them. */
export const providerErrors = {
  results: { code: -32005, message: 'query returned more than 10000 results' },
  range: { code: -32602, message: 'Block range is too large' },
  rangeOf: { code: -32614, message: 'eth_getLogs is limited to a 10,000 range' },
  rangeHint: {
    code: -32602,
    message:
      'Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the ' +
      'response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters ' +
      'and the response size limit, this block range should work: [0x1, 0x20]',
  },
  batchSize: { code: -32600, message: 'batch size too large' },
  batchSizeGeth: { code: -32600, message: 'batch too large' },
  responseSize: { code: -32000, message: 'response size exceeded' },
  responseSizeGeth: { code: -32003, message: 'response too large' },
  rate: { code: -32005, message: 'daily request count exceeded, request rate limited' },
} as const satisfies Record<string, RpcError>;

/** One fault or several at once for all requests; one a request in turn; or each by chance, drawn for every request. */
export type Schedule =
  | Fault
  | readonly Fault[]
  | {
      readonly sequence: readonly Fault[] /** Starts over at the end; by default no fault follows. */;
      readonly repeat?: boolean;
    }
  | { readonly random: readonly { readonly fault: Fault /** From 0 to 1. */; readonly share: number }[] };

export interface FaultyRpcCounts {
  readonly requests: number;
  /** JSON-RPC calls; a batch has many. */
  readonly calls: number;
  readonly inFlight: number;
  readonly inFlightMax: number;
  readonly largestBatch: number;
  /** Requests that a fault was applied to. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  readonly methods: Readonly<Record<string, number>>;
}

export interface FaultyRpc extends AsyncDisposable {
  readonly url: string;
  /** Takes effect with the next request. */
  set(schedule: Schedule): void;
  /** A copy of the counts so far. */
  counts(): FaultyRpcCounts;
  /** Also ends the requests that hang. */
  stop(): Promise<void>;
}

interface Call {
  readonly id?: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

interface Answer {
  jsonrpc: '2.0';
  id?: unknown;
  result?: unknown;
  error?: RpcError;
}

/**
 * A JSON-RPC node that misbehaves on demand, in front of one that does not. Without a fault it passes on what it is asked and
 * answered.
 */
export async function startFaultyRpc(options: {
  readonly upstream: string;
  readonly seed?: number;
  readonly port?: number;
}): Promise<FaultyRpc> {
  const random = seededRandom(options.seed ?? 1);
  const counts = { requests: 0, calls: 0, inFlight: 0, inFlightMax: 0, largestBatch: 0 };
  const faultCounts: Partial<Record<FaultKind, number>> = {};
  const methodCounts: Record<string, number> = {};
  let next = scheduleOf({ kind: 'none' }, random);

  const server = createServer((request, response) => {
    counts.requests++;
    counts.inFlightMax = Math.max(counts.inFlightMax, ++counts.inFlight);
    const drawn = next();
    response.once('close', () => counts.inFlight--);
    serve(request, response, drawn).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(502, { 'content-type': 'text/plain' });
      response.end(String(error));
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse, drawn: readonly Fault[]): Promise<void> {
    const body = await json(request);
    const isBatch = Array.isArray(body);
    const calls = (isBatch ? body : [body]).map(parseCall);
    counts.calls += calls.length;
    if (isBatch) counts.largestBatch = Math.max(counts.largestBatch, calls.length);
    for (const { method } of calls) methodCounts[method] = (methodCounts[method] ?? 0) + 1;

    const faults = drawn.filter((fault) => calls.some((call) => applies(fault, call, calls.length)));
    for (const { kind } of faults) faultCounts[kind] = (faultCounts[kind] ?? 0) + 1;
    for (const fault of faults) if (fault.kind === 'latency') await delay(fault.ms);
    for (const fault of faults) if (refuse(fault, response, isBatch)) return;

    const answers = await answerCalls(options.upstream, calls, faults);
    send(response, faults, isBatch, answers, random);
  }

  server.listen(options.port ?? 0, '127.0.0.1');
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (schedule) => {
      next = scheduleOf(schedule, random);
    },
    counts: () => ({ ...counts, faults: { ...faultCounts }, methods: { ...methodCounts } }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Gives the faults of each request in turn. */
function scheduleOf(schedule: Schedule, random: () => number): () => readonly Fault[] {
  if ('sequence' in schedule) {
    let index = 0;
    return () => {
      const at = schedule.repeat === true ? index++ % schedule.sequence.length : index++;
      return schedule.sequence.slice(at, at + 1);
    };
  }
  if ('random' in schedule) {
    return () => schedule.random.filter(({ share }) => random() < share).map(({ fault }) => fault);
  }
  const faults = 'kind' in schedule ? [schedule] : schedule;
  return () => faults;
}

function applies({ when, kind }: Fault, call: Call, calls: number): boolean {
  if (kind === 'none') return false;
  return (
    (when?.methods?.includes(call.method) ?? true) &&
    (when?.batchOver === undefined || calls > when.batchOver) &&
    (when?.rangeOver === undefined || logRange(call) > when.rangeOver)
  );
}

function logRange({ method, params: [filter] }: Call): number {
  if (method !== 'eth_getLogs' || typeof filter !== 'object' || filter === null) return 0;
  const { fromBlock, toBlock } = filter as Record<string, unknown>;
  return Number(toBlock) - Number(fromBlock) + 1;
}

/** Faults that need no answer of the upstream. True if the request has been dealt with. */
function refuse(fault: Fault, response: ServerResponse, isBatch: boolean): boolean {
  switch (fault.kind) {
    case 'status': {
      const retryAfter = fault.retryAfterSeconds;
      response.writeHead(fault.status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) });
      response.end(`HTTP ${fault.status}`);
      return true;
    }
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking…</body></html>');
      return true;
    case 'reset':
      response.socket?.resetAndDestroy();
      return true;
    case 'hang':
      return true;
    case 'noBatches':
      if (!isBatch) return false;
      if (fault.how === 'error')
        sendJson(response, refusal({ code: -32600, message: 'batch requests are not supported' }));
      else response.writeHead(400).end('Invalid request');
      return true;
    case 'rpcError':
      if (fault.when?.batchOver === undefined) return false;
      sendJson(response, refusal(fault.error));
      return true;
    default:
      return false;
  }
}

async function answerCalls(upstream: string, calls: readonly Call[], faults: readonly Fault[]): Promise<Answer[]> {
  const answers = await forward(upstream, calls);
  for (const fault of faults) {
    for (const [index, call] of calls.entries()) {
      const answer = answers[index];
      if (answer === undefined || !applies(fault, call, calls.length)) continue;
      const changed = await changeAnswer(upstream, fault, call, answer);
      answers[index] = { ...changed, id: call.id };
    }
  }
  return answers;
}

/** What the fault makes of one right answer. */
async function changeAnswer(upstream: string, fault: Fault, call: Call, answer: Answer): Promise<Answer> {
  switch (fault.kind) {
    case 'rpcError':
      return refusal(fault.error);
    case 'methodNotFound':
      if (!fault.methods.includes(call.method)) return answer;
      return refusal({ code: -32601, message: `the method ${call.method} does not exist/is not available` });
    case 'nullResult':
      return result(null);
    case 'otherChain': {
      const [other] = await forward(fault.upstream, [call]);
      return other ?? answer;
    }
    case 'missingReceipts':
      if (call.method === 'eth_getTransactionReceipt') return result(null);
      if (call.method !== 'eth_getBlockReceipts' || !Array.isArray(answer.result)) return answer;
      return result(answer.result.slice(0, -1));
    case 'skewedReceipts':
      return skewReceipts(upstream, call, answer);
    case 'staleHead':
      return lag(upstream, fault.blocks, call, answer);
    default:
      return answer;
  }
}

async function skewReceipts(upstream: string, call: Call, answer: Answer): Promise<Answer> {
  const elsewhere = `0x${'5'.repeat(64)}`;
  if (call.method === 'eth_getTransactionReceipt') {
    return isObject(answer.result) ? result({ ...answer.result, blockHash: elsewhere }) : answer;
  }
  if (call.method !== 'eth_getBlockReceipts') return answer;
  const block = isObject(call.params[0]) ? call.params[0].blockHash : call.params[0];
  const byHash = typeof block === 'string' && block.length === 66;
  const method = byHash ? 'eth_getBlockByHash' : 'eth_getBlockByNumber';
  const found = await callUpstream(upstream, method, [block, false]);
  if (!isObject(found)) return answer;
  const number = Number(found.number);
  const other = `0x${(number > 0 ? number - 1 : 1).toString(16)}`;
  return result(await callUpstream(upstream, 'eth_getBlockReceipts', [other]));
}

/** The answer of a node that has not seen the last blocks. */
async function lag(upstream: string, blocks: number, call: Call, answer: Answer): Promise<Answer> {
  const head = Math.max(0, Number(await callUpstream(upstream, 'eth_blockNumber', [])) - blocks);
  const [first, ...rest] = call.params;
  switch (call.method) {
    case 'eth_blockNumber':
      return result(`0x${head.toString(16)}`);
    case 'eth_getBlockByNumber':
    case 'eth_getBlockReceipts': {
      if (first === 'earliest') return answer;
      // Tags are looked up as the node itself would: its finality is as far behind as its head.
      if (typeof first === 'string' && /^[a-z]+$/.test(first)) {
        const tagged = await callUpstream(upstream, 'eth_getBlockByNumber', [first, false]);
        const number = Math.max(0, Math.min(head, isObject(tagged) ? Number(tagged.number) - blocks : head));
        return result(await callUpstream(upstream, call.method, [`0x${number.toString(16)}`, ...rest]));
      }
      return Number(first) > head ? result(null) : answer;
    }
    case 'eth_getBlockByHash':
    case 'eth_getTransactionReceipt':
    case 'eth_getTransactionByHash': {
      const found = answer.result;
      const number = isObject(found) ? Number(found.blockNumber ?? found.number) : 0;
      return number > head ? result(null) : answer;
    }
    case 'eth_getLogs':
      if (!Array.isArray(answer.result)) return answer;
      return result(answer.result.filter((log) => isObject(log) && Number(log.blockNumber) <= head));
    default:
      return answer;
  }
}

/** Faults of the answer as a whole, and the sending of it. */
function send(
  response: ServerResponse,
  faults: readonly Fault[],
  isBatch: boolean,
  answers: readonly Answer[],
  random: () => number,
): void {
  let sent: readonly Answer[] = answers;
  let single = !isBatch;
  for (const fault of faults) {
    switch (fault.kind) {
      case 'wrongIds':
        sent = sent.map((answer, index) => ({ ...answer, id: 900_000 + index }));
        break;
      case 'missingIds':
        sent = sent.map(({ id: _, ...answer }) => answer);
        break;
      case 'reordered':
        sent = [...sent].sort(() => random() - 0.5).reverse();
        break;
      case 'missingAnswers':
        if (isBatch) sent = sent.filter((_, index) => index % 3 !== 1);
        break;
      case 'singleObject':
        single = true;
        break;
      case 'responseLimit': {
        let bytes = 0;
        sent = sent.map((answer) => {
          bytes += JSON.stringify(answer).length;
          return bytes > fault.bytes ? { ...refusal(fault.error), id: answer.id } : answer;
        });
        break;
      }
      default:
    }
  }
  const body = Buffer.from(JSON.stringify(single ? sent[0] : sent));
  const half = faults.find((fault) => fault.kind === 'halfBody');
  if (half === undefined) {
    sendBody(response, body);
    return;
  }
  const part = body.subarray(0, Math.floor(body.length / 2));
  if (half.framing === 'complete') {
    sendBody(response, part);
    return;
  }
  const length = half.framing === 'length' ? { 'content-length': String(body.length) } : {};
  response.writeHead(200, { 'content-type': 'application/json', ...length });
  response.write(part, () => response.destroy());
}

function sendJson(response: ServerResponse, value: unknown): void {
  sendBody(response, Buffer.from(JSON.stringify(value)));
}

function sendBody(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(body.length) });
  response.end(body);
}

/** Answers in the order of the calls. */
async function forward(upstream: string, calls: readonly Call[]): Promise<Answer[]> {
  const response = await fetch(upstream, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(calls.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }))),
  });
  const answers = (await response.json()) as Answer[];
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  return calls.map((call, id) => ({ ...(byId.get(id) ?? result(null)), id: call.id }));
}

async function callUpstream(upstream: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const [answer] = await forward(upstream, [{ method, params }]);
  return answer?.result;
}

function parseCall(value: unknown): Call {
  if (!isObject(value) || typeof value.method !== 'string')
    throw new Error(`no JSON-RPC call: ${JSON.stringify(value)}`);
  return { id: value.id, method: value.method, params: Array.isArray(value.params) ? value.params : [] };
}

function result(value: unknown): Answer {
  return { jsonrpc: '2.0', id: null, result: value };
}

function refusal(error: RpcError): Answer {
  return { jsonrpc: '2.0', id: null, error };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
