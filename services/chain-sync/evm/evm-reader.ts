import type { Agent } from 'undici';
import type { Block, BlockRef } from '../../datasets/chain/block.ts';
import type { Interval } from '../../datasets/chain/intervals.ts';
import { describeError } from '../../runtime/errors.ts';
import type { Endpoint } from '../rpc/endpoint.ts';
import { createEndpointPool } from '../rpc/endpoint-pool.ts';
import { EndpointFault } from '../rpc/fault.ts';
import { type BatchReply, type Call, type Reply, sendBatch } from '../rpc/json-rpc.ts';
import { assertHasAddress } from '../rpc/lookup-host.ts';
import type { RequestGates } from '../rpc/request-gate.ts';
import type { TokenBucket, Urgency } from '../rpc/token-bucket.ts';
import { BadAnswer } from './bad-answer.ts';
import { integerOf } from './fields.ts';
import { type Header, parseBlock, parseHeader, txHashesOf } from './parse-block.ts';

/** What one endpoint says of the end of the chain. */
export interface HeadReading {
  readonly endpoint: Endpoint;
  readonly head: Header;
  /** The block of the finality tag; null where the chain has no tag or the node does not tell. */
  readonly finalized: Header | null;
}

/** Blocks, ascending and linked by parent hashes, and the endpoint whose chain they are of. */
export interface BlocksReading {
  readonly endpoint: Endpoint;
  readonly blocks: readonly Block[];
}

/**
 * Reads one EVM chain through all its endpoints. Every answer is parsed and checked to hang together before it is returned.
 * Throws EndpointFault for one endpoint's failure, which is written down by then, and NoEndpoint when all failed.
 */
export interface EvmReader {
  readonly endpoints: readonly Endpoint[];
  /** The heads of all endpoints that answer in time, the highest first, then in the catalog's order. */
  readHeads(): Promise<readonly HeadReading[]>;
  /** Blocks up to the head of one given endpoint. */
  readTop(endpoint: Endpoint, range: Interval): Promise<readonly Block[]>;
  /** Older blocks, from whichever endpoint is best; patient with endpoints that rest. */
  readHistory(range: Interval, signal: AbortSignal): Promise<BlocksReading>;
  /** The lowest block that any endpoint is known or hoped to have. */
  historyFrom(): number;
  /** Headers by number from one given endpoint; undefined where it has none. */
  readHeaders(endpoint: Endpoint, numbers: readonly number[]): Promise<(Header | undefined)[]>;
  /** Holds every endpoint to these blocks from its next identity check on; one that told another block 0 is checked at once. */
  trust(blocks: readonly BlockRef[]): void;
  /** Checks chain id and trusted blocks of an endpoint anew. */
  verify(endpoint: Endpoint): Promise<void>;
  /** Writes a fault down that only the caller could see. */
  blame(endpoint: Endpoint, fault: EndpointFault): void;
}

export interface EvmReaderOptions {
  readonly network: string;
  readonly chainId: number;
  /** On this chain a block's gasUsed is the sum of its receipts': an answer where it is not is refused. */
  readonly gasAddsUp: boolean;
  /** Its share of the process's requests, as the catalog's priority. */
  readonly weight: number;
  /** The finality tag of the catalog, such as `finalized`; undefined when the chain has none. */
  readonly finalityTag: string | undefined;
  readonly endpoints: readonly Endpoint[];
  readonly agent: Agent;
  readonly gates: RequestGates;
  readonly bucket: TokenBucket;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  onAsked(endpoint: Endpoint): void;
  onAnswer(endpoint: Endpoint, reply: BatchReply): void;
  onFault(endpoint: Endpoint, fault: EndpointFault): void;
}

interface Asking {
  readonly urgency: Urgency;
  readonly signal: AbortSignal;
  /** How many blocks the calls are for. */
  readonly blocks?: number;
}

/** How long the first head waits for those of slower endpoints: one that is behind must not be followed because it is fast. */
const headGraceMs = 500;
const historyPatienceMs = 30_000;
/** Behind one URL, nodes may differ by so many blocks. */
const skewMax = 128;
const receiptsPerBatchMax = 100;
/** Calls at once to an endpoint that takes no batches. */
const singlesAtOnce = 4;

export function createEvmReader(options: EvmReaderOptions): EvmReader {
  const { endpoints, timeoutMs } = options;
  const head: Asking = { urgency: 'head', signal: options.signal };
  const pool = createEndpointPool(endpoints, { admit, onFault: options.onFault });
  let trusted: readonly BlockRef[] = [];

  async function send(endpoint: Endpoint, calls: readonly Call[], asking: Asking): Promise<readonly Reply[]> {
    const most = endpoint.appetite().calls;
    if (calls.length > most) return sendInParts(endpoint, calls, most, asking);
    const { urgency, signal, blocks = 0 } = asking;
    await endpoint.bucket?.take(calls.length, urgency, signal);
    await options.bucket.take(calls.length, urgency, signal);
    // Requests to endpoints that may not even answer do not take the places of those that do, nor wait in them for a name server.
    if (!endpoint.admitted) await findHost(endpoint);
    const gate = endpoint.admitted ? options.gates.admitted : options.gates.untried;
    const release = await gate.enter(options.network, options.weight, urgency, signal);
    try {
      endpoint.asked();
      options.onAsked(endpoint);
      const reply = await sendBatch(options.agent, endpoint.url, calls, { timeoutMs, signal });
      const refusal = refusalIn(reply.replies);
      if (refusal !== undefined) throw refusal;
      endpoint.answered({ tookMs: reply.tookMs, size: reply.size, blocks, calls: calls.length });
      options.onAnswer(endpoint, reply);
      return reply.replies;
    } catch (error) {
      throw error instanceof EndpointFault ? learnFrom(error, endpoint, calls.length, blocks) : error;
    } finally {
      release();
    }
  }

  async function findHost(endpoint: Endpoint): Promise<void> {
    try {
      await assertHasAddress(endpoint.url);
    } catch (error) {
      options.signal.throwIfAborted();
      throw new EndpointFault('unreachable', describeError(error), { cause: error });
    }
  }

  function learnFrom(fault: EndpointFault, endpoint: Endpoint, calls: number, blocks: number): EndpointFault {
    if (fault.kind === 'rate_limited') (endpoint.bucket ?? options.bucket).slowDown();
    if (fault.kind === 'too_large') endpoint.refusesSize({ blocks, calls, callsMax: fault.callsMax });
    if (fault.kind === 'timeout' || fault.kind === 'garbled') endpoint.strained(blocks);
    if (fault.kind === 'no_batches' && calls > 1 && !endpoint.refusesBatches()) {
      return new EndpointFault('garbled', fault.message, { cause: fault });
    }
    return fault;
  }

  async function sendInParts(
    endpoint: Endpoint,
    calls: readonly Call[],
    most: number,
    asking: Asking,
  ): Promise<Reply[]> {
    const replies: Reply[] = [];
    const { urgency, signal } = asking;
    const atOnce = most === 1 ? singlesAtOnce : 1;
    for (let at = 0; at < calls.length; at += most * atOnce) {
      const parts = Array.from({ length: atOnce }, (_, part) => calls.slice(at + part * most, at + (part + 1) * most));
      const some = await Promise.all(
        parts.filter((part) => part.length > 0).map((part) => send(endpoint, part, { urgency, signal })),
      );
      replies.push(...some.flat());
    }
    return replies;
  }

  async function admit(endpoint: Endpoint): Promise<void> {
    const heights = [...new Set([0, ...trusted.map((block) => block.number)])];
    const [chainId, ...blocks] = await send(
      endpoint,
      [call('eth_chainId'), ...heights.map((height) => call('eth_getBlockByNumber', hexOf(height), false))],
      head,
    );
    checkChainId(chainId);
    const told = new Map(heights.map((height, at) => [height, findHeader(blocks[at])?.hash]));
    for (const { number, hash } of trusted) {
      const theirs = told.get(number);
      // Pruned nodes have no block 0, and a node behind has not the last final one: what they have must do.
      if (theirs === undefined || theirs === hash) continue;
      const what = number === 0 ? 'block 0' : `final block ${number}`;
      const anew = `if the chain was started anew, drop the old one: npm start -- --forget ${options.network}`;
      throw new EndpointFault(
        'wrong_chain',
        `its ${what} is ${theirs}, not ${hash}: another chain with the same id; ${anew}`,
      );
    }
    endpoint.admit(told.get(0) ?? null);
  }

  function checkChainId(reply: Reply | undefined): void {
    const told = integerOf(resultOf(reply), 'eth_chainId');
    if (told !== options.chainId)
      throw new EndpointFault('wrong_chain', `it serves chain id ${told}, not ${options.chainId}`);
  }

  async function readHeads(): Promise<HeadReading[]> {
    const readings = await pool.askAll(readHead, headGraceMs, options.signal);
    return readings.sort((a, b) => b.head.number - a.head.number);
  }

  async function readHead(endpoint: Endpoint): Promise<HeadReading> {
    const tag = endpoint.finalityTag ? options.finalityTag : undefined;
    const calls = [call('eth_chainId'), call('eth_getBlockByNumber', 'latest', false)];
    if (tag !== undefined) calls.push(call('eth_getBlockByNumber', tag, false));
    const [chainId, latest, tagged] = await send(endpoint, calls, head);
    // Each time, since behind one URL a balancer or a new configuration may bring in another chain at any moment.
    checkChainId(chainId);
    const header = parseHeader(resultOf(latest));
    if (tagged !== undefined && 'fault' in tagged && tagged.fault.kind !== 'missing') endpoint.finalityTag = false;
    const finalized = findHeader(tagged) ?? null;
    if (finalized !== null && finalized.number > header.number) {
      throw new BadAnswer(`its ${tag} block ${finalized.number} is above its head ${header.number}`);
    }
    endpoint.head = header.number;
    return { endpoint, head: header, finalized };
  }

  async function readTop(endpoint: Endpoint, range: Interval): Promise<readonly Block[]> {
    return pool.ask(endpoint, () => readRange(endpoint, range, head));
  }

  async function readHistory(range: Interval, signal: AbortSignal): Promise<BlocksReading> {
    return pool.use(
      async (endpoint) => ({ endpoint, blocks: await readRange(endpoint, range, { urgency: 'backfill', signal }) }),
      {
        suits: (endpoint) =>
          range.from >= endpoint.historyFrom() && (endpoint.head === undefined || range.to <= endpoint.head),
        patienceMs: historyPatienceMs,
        signal,
      },
    );
  }

  async function readRange(endpoint: Endpoint, range: Interval, asking: Asking): Promise<Block[]> {
    const blocks: Block[] = [];
    for (let from = range.from; from <= range.to; ) {
      const to = Math.min(range.to, from + endpoint.appetite().blocks - 1);
      const part = await readBatch(endpoint, { from, to }, { ...asking, blocks: to - from + 1 });
      blocks.push(...part);
      from = to + 1;
    }
    for (const [at, block] of blocks.entries()) {
      const previous = blocks[at - 1];
      if (previous !== undefined && block.parentHash !== previous.hash) {
        throw new BadAnswer(`block ${block.number} does not follow the block ${previous.number} that came with it`);
      }
    }
    return blocks;
  }

  async function readBatch(endpoint: Endpoint, { from, to }: Interval, asking: Asking): Promise<Block[]> {
    const numbers = Array.from({ length: to - from + 1 }, (_, at) => from + at);
    const calls = numbers.map((number) => call('eth_getBlockByNumber', hexOf(number), true));
    if (endpoint.blockReceipts) calls.push(...numbers.map((number) => call('eth_getBlockReceipts', hexOf(number))));
    const replies = await send(endpoint, calls, asking);
    const raw = presentIn(endpoint, numbers, replies.slice(0, numbers.length), 'block');
    const receipts = await readReceipts(endpoint, numbers, raw, replies.slice(numbers.length), asking);
    return numbers.map((number, at) => parseBlock(number, raw[at], receipts[at], options.gasAddsUp));
  }

  async function readReceipts(
    endpoint: Endpoint,
    numbers: readonly number[],
    rawBlocks: readonly unknown[],
    replies: readonly Reply[],
    asking: Asking,
  ): Promise<readonly unknown[]> {
    const first = replies[0];
    if (first !== undefined && 'fault' in first && first.fault.kind === 'unsupported') endpoint.blockReceipts = false;
    if (!endpoint.blockReceipts) return readReceiptsOneByOne(endpoint, numbers, rawBlocks, asking);
    // Some nodes answer null for the receipts of an empty block, and some for those of a block that they have one by one.
    const found = rawBlocks.map((block, at) => findResult(replies[at]) ?? (isEmpty(block) ? [] : undefined));
    const missing = found.flatMap((each, at) => (each === undefined ? [at] : []));
    if (missing.length === 0) return found;
    const singly = await readReceiptsOneByOne(
      endpoint,
      missing.map((at) => numbers[at] ?? 0),
      missing.map((at) => rawBlocks[at]),
      asking,
    );
    for (const [index, at] of missing.entries()) found[at] = singly[index];
    return found;
  }

  async function readReceiptsOneByOne(
    endpoint: Endpoint,
    numbers: readonly number[],
    rawBlocks: readonly unknown[],
    { urgency, signal }: Asking,
  ): Promise<unknown[][]> {
    const wanted = rawBlocks.flatMap((block, at) =>
      txHashesOf(block).map((hash) => ({ number: numbers[at] ?? 0, hash })),
    );
    const receipts = new Map<number, unknown[]>(numbers.map((number) => [number, []]));
    for (let at = 0; at < wanted.length; at += receiptsPerBatchMax) {
      const some = wanted.slice(at, at + receiptsPerBatchMax);
      const replies = await send(
        endpoint,
        some.map(({ hash }) => call('eth_getTransactionReceipt', hash)),
        { urgency, signal },
      );
      const found = presentIn(
        endpoint,
        some.map(({ number }) => number),
        replies,
        'receipts of block',
      );
      for (const [index, { number }] of some.entries()) receipts.get(number)?.push(found[index]);
    }
    return numbers.map((number) => receipts.get(number) ?? []);
  }

  async function readHeaders(endpoint: Endpoint, numbers: readonly number[]): Promise<(Header | undefined)[]> {
    return pool.ask(endpoint, async () => {
      const calls = numbers.map((number) => call('eth_getBlockByNumber', hexOf(number), false));
      const replies = await send(endpoint, calls, head);
      return numbers.map((number, at) => {
        const result = findResult(replies[at]);
        if (result === undefined) return undefined;
        const header = parseHeader(result);
        if (header.number !== number) throw new BadAnswer(`asked for block ${number}, got block ${header.number}`);
        return header;
      });
    });
  }

  return {
    endpoints,
    readHeads,
    readTop,
    readHistory,
    readHeaders,
    historyFrom: () => Math.min(...endpoints.filter((each) => !each.refused()).map((each) => each.historyFrom())),
    trust: (blocks) => {
      trusted = blocks;
      const genesis = blocks.find((block) => block.number === 0)?.hash;
      for (const each of endpoints)
        if (genesis !== undefined && each.genesisHash !== null && each.genesisHash !== genesis) each.admitted = false;
    },
    verify: (endpoint) => pool.ask(endpoint, () => admit(endpoint)),
    blame: (endpoint, fault) => {
      endpoint.failed(fault);
      options.onFault(endpoint, fault);
    },
  };
}

function call(method: string, ...params: unknown[]): Call {
  return { method, params };
}

function hexOf(number: number): string {
  return `0x${number.toString(16)}`;
}

function resultOf(reply: Reply | undefined): unknown {
  if (reply === undefined) throw new BadAnswer('a reply is missing');
  if ('fault' in reply) throw reply.fault;
  return reply.result;
}

/** A result that may be absent: null, or an error that says so. Throws any other fault. */
function findResult(reply: Reply | undefined): unknown {
  if (reply !== undefined && 'fault' in reply && reply.fault.kind === 'missing') return undefined;
  return resultOf(reply) ?? undefined;
}

/** The header of a reply that may be absent or refused: pruned nodes and those without the tag answer errors of many kinds. */
function findHeader(reply: Reply | undefined): Header | undefined {
  if (reply === undefined || 'fault' in reply || reply.result === null || reply.result === undefined) return undefined;
  return parseHeader(reply.result);
}

/** Results that must be there. What is missing far below a node's head is not late but pruned: that is noted at the endpoint. */
function presentIn(endpoint: Endpoint, numbers: readonly number[], replies: readonly Reply[], what: string): unknown[] {
  const results = numbers.map((_, at) => findResult(replies[at]));
  const at = results.lastIndexOf(undefined);
  if (at < 0) return results;
  const number = numbers[at] ?? 0;
  if (endpoint.head !== undefined && number < endpoint.head - skewMax) endpoint.lacks(number);
  throw new EndpointFault('missing', `it has no ${what} ${number}`);
}

/** A refusal of size or speed that stands in the place of one reply is about the batch. */
function refusalIn(replies: readonly Reply[]): EndpointFault | undefined {
  for (const reply of replies) {
    if ('fault' in reply && (reply.fault.kind === 'too_large' || reply.fault.kind === 'rate_limited'))
      return reply.fault;
  }
  return undefined;
}

function isEmpty(rawBlock: unknown): boolean {
  return (
    typeof rawBlock === 'object' &&
    rawBlock !== null &&
    'transactions' in rawBlock &&
    Array.isArray(rawBlock.transactions) &&
    rawBlock.transactions.length === 0
  );
}
