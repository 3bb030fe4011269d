import type { Agent } from 'undici';
import type { Block, Hex } from '../../datasets/chain/block.ts';
import type { Interval } from '../../datasets/chain/intervals.ts';
import type { Endpoint } from '../rpc/endpoint.ts';
import { createEndpointPool, type EndpointPool } from '../rpc/endpoint-pool.ts';
import { EndpointFault } from '../rpc/fault.ts';
import { type BatchReply, type Call, type Reply, sendBatch } from '../rpc/json-rpc.ts';
import type { RequestGate } from '../rpc/request-gate.ts';
import type { TokenBucket, Urgency } from '../rpc/token-bucket.ts';
import { BadAnswer } from './bad-answer.ts';
import { integerOf } from './fields.ts';
import { type Header, parseBlock, parseHeader, txHashesOf } from './parse-block.ts';

/** What one endpoint says of the end of the chain. */
export interface HeadReading {
  readonly endpoint: Endpoint;
  readonly head: Header;
  /** By the `finalized` tag; null where the node does not know it. */
  readonly finalizedNumber: number | null;
}

/** Reads one EVM chain through all its endpoints. Every answer is parsed and checked to hang together before it is returned. */
export interface EvmReader {
  readHead(): Promise<HeadReading>;
  /** Full blocks of a range, ascending, linked by parent hashes, all of one endpoint's chain. */
  readBlocks(range: Interval, urgency: Urgency): Promise<{ readonly endpoint: Endpoint; readonly blocks: readonly Block[] }>;
  /** Headers by number from one given endpoint; undefined where it has none. */
  readHeaders(endpoint: Endpoint, numbers: readonly number[]): Promise<(Header | undefined)[]>;
  /** The hash of block 0 as most endpoints tell it, the catalog's order deciding a tie; undefined when none tells. */
  findGenesisHash(): Promise<Hex | undefined>;
  /** Checks chain id and genesis of an endpoint anew; throws EndpointFault('wrong_chain'), having written it down there. */
  verify(endpoint: Endpoint): Promise<void>;
  /** Writes a fault down that only the caller could see, such as a chain that contradicts finalized blocks. */
  blame(endpoint: Endpoint, fault: EndpointFault): void;
  readonly endpoints: readonly Endpoint[];
}

export interface EvmReaderOptions {
  readonly network: string;
  readonly chainId: number;
  readonly weight: number;
  /** The finality tag of the catalog, such as `finalized`; undefined when the chain has none. */
  readonly finalityTag: string | undefined;
  readonly endpoints: readonly Endpoint[];
  readonly agent: Agent;
  readonly gate: RequestGate;
  readonly bucket: TokenBucket;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** The pinned hash of block 0, once known. */
  genesisHash(): Hex | null;
  onFault(endpoint: Endpoint, fault: EndpointFault): void;
  onAnswer(endpoint: Endpoint, reply: BatchReply): void;
}

const headPatienceMs = 0;
const backfillPatienceMs = 30_000;
const receiptsPerBatchMax = 100;

export function createEvmReader(options: EvmReaderOptions): EvmReader {
  const { signal, timeoutMs } = options;
  let knowsFinality = options.finalityTag !== undefined;

  async function send(endpoint: Endpoint, calls: readonly Call[], urgency: Urgency, blocks = 0): Promise<readonly Reply[]> {
    if (!endpoint.batches && calls.length > 1) return sendOneByOne(endpoint, calls, urgency);
    await options.bucket.take(calls.length, urgency, signal);
    const release = await options.gate.enter(options.network, options.weight, urgency, signal);
    try {
      const reply = await sendBatch(options.agent, endpoint.url, calls, { timeoutMs, signal });
      endpoint.succeeded({ tookMs: reply.tookMs, bytes: reply.bytes, blocks });
      options.onAnswer(endpoint, reply);
      return reply.replies;
    } catch (error) {
      if (error instanceof EndpointFault) {
        if (error.kind === 'rate_limited') options.bucket.slowDown();
        // A refused batch of many calls is about the batch, not about the methods in it.
        if (error.kind === 'unsupported' && calls.length > 1) endpoint.batches = false;
        if (error.kind === 'too_large' && error.sizeMax !== undefined && calls.length > error.sizeMax && blocks > 0) {
          const callsPerBlock = calls.length / blocks;
          throw new EndpointFault('too_large', error.message, { sizeMax: Math.max(1, Math.floor(error.sizeMax / callsPerBlock)), cause: error });
        }
      }
      throw error;
    } finally {
      release();
    }
  }

  async function sendOneByOne(endpoint: Endpoint, calls: readonly Call[], urgency: Urgency): Promise<Reply[]> {
    const replies: Reply[] = [];
    const width = 4;
    for (let at = 0; at < calls.length; at += width) {
      const some = await Promise.all(calls.slice(at, at + width).map((call) => send(endpoint, [call], urgency)));
      replies.push(...some.flat());
    }
    return replies;
  }

  async function verify(endpoint: Endpoint): Promise<void> {
    const [chainId, genesis] = await send(endpoint, [call('eth_chainId'), call('eth_getBlockByNumber', '0x0', false)], 'head');
    const told = integerOf(resultOf(chainId), 'eth_chainId');
    if (told !== options.chainId) {
      throw new EndpointFault('wrong_chain', `it serves chain id ${told}, not ${options.chainId}`);
    }
    const expected = options.genesisHash();
    // Pruned nodes have no block 0 and some answer an error for it: the chain id must do then.
    if (expected === null || genesis === undefined || 'fault' in genesis || genesis.result === null) return;
    const { hash } = parseHeader(genesis.result);
    if (hash !== expected) {
      throw new EndpointFault('wrong_chain', `its block 0 is ${hash}, not ${expected}: another chain with the same id`);
    }
  }

  const pool: EndpointPool = createEndpointPool(options.endpoints, { admit: verify, onFault: options.onFault });

  async function readHead(): Promise<HeadReading> {
    return pool.use(
      async (endpoint) => {
        const calls = [call('eth_getBlockByNumber', 'latest', false)];
        if (knowsFinality) calls.push(call('eth_getBlockByNumber', options.finalityTag, false));
        const [latest, finalized] = await send(endpoint, calls, 'head');
        const head = parseHeader(resultOf(latest));
        endpoint.head = head.number;
        return { endpoint, head, finalizedNumber: finalizedIn(finalized) };
      },
      headPatienceMs,
      signal,
    );
  }

  function finalizedIn(reply: Reply | undefined): number | null {
    if (reply === undefined) return null;
    if ('result' in reply) return reply.result === null ? null : parseHeader(reply.result).number;
    if (reply.fault.kind === 'unsupported' || reply.fault.kind === 'rpc_error') knowsFinality = false;
    return null;
  }

  async function readBlocks(range: Interval, urgency: Urgency): Promise<{ endpoint: Endpoint; blocks: Block[] }> {
    const patienceMs = urgency === 'head' ? headPatienceMs : backfillPatienceMs;
    return pool.use(
      async (endpoint) => {
        const blocks: Block[] = [];
        for (let from = range.from; from <= range.to; ) {
          const to = Math.min(range.to, from + endpoint.appetite().blocks - 1);
          blocks.push(...(await readBatch(endpoint, { from, to }, urgency)));
          from = to + 1;
        }
        for (const [at, block] of blocks.entries()) {
          const previous = blocks[at - 1];
          if (previous !== undefined && block.parentHash !== previous.hash) {
            throw new BadAnswer(`block ${block.number} does not follow the block ${previous.number} that came with it`);
          }
        }
        return { endpoint, blocks };
      },
      patienceMs,
      signal,
    );
  }

  async function readBatch(endpoint: Endpoint, { from, to }: Interval, urgency: Urgency): Promise<Block[]> {
    const numbers = Array.from({ length: to - from + 1 }, (_, at) => from + at);
    const blockCalls = numbers.map((number) => call('eth_getBlockByNumber', hexOf(number), true));
    const receiptCalls = endpoint.blockReceipts ? numbers.map((number) => call('eth_getBlockReceipts', hexOf(number))) : [];
    const replies = await send(endpoint, [...blockCalls, ...receiptCalls], urgency, numbers.length);
    const rawBlocks = numbers.map((number, at) => presentIn(replies[at], `block ${number}`));
    let receipts: readonly unknown[];
    if (endpoint.blockReceipts && !isUnsupported(replies[numbers.length])) {
      receipts = numbers.map((number, at) => {
        const reply = replies[numbers.length + at];
        // Some nodes answer null for the receipts of an empty block.
        return txHashesOf(rawBlocks[at]).length === 0 ? [] : presentIn(reply, `receipts of block ${number}`);
      });
    } else {
      endpoint.blockReceipts = false;
      receipts = await readReceiptsOneByOne(endpoint, rawBlocks, urgency);
    }
    return numbers.map((number, at) => parseBlock(number, rawBlocks[at], receipts[at]));
  }

  async function readReceiptsOneByOne(endpoint: Endpoint, rawBlocks: readonly unknown[], urgency: Urgency): Promise<unknown[][]> {
    const hashes = rawBlocks.map(txHashesOf);
    const calls = hashes.flat().map((hash) => call('eth_getTransactionReceipt', hash));
    const receipts: unknown[] = [];
    for (let at = 0; at < calls.length; at += receiptsPerBatchMax) {
      const some = calls.slice(at, at + receiptsPerBatchMax);
      for (const [index, reply] of (await send(endpoint, some, urgency)).entries()) {
        receipts.push(presentIn(reply, `the receipt of ${some[index]?.params[0]}`));
      }
    }
    return hashes.map((each) => receipts.splice(0, each.length));
  }

  async function readHeaders(endpoint: Endpoint, numbers: readonly number[]): Promise<(Header | undefined)[]> {
    const replies = await send(endpoint, numbers.map((number) => call('eth_getBlockByNumber', hexOf(number), false)), 'head');
    return numbers.map((number, at) => {
      const result = resultOf(replies[at]);
      if (result === null) return undefined;
      const header = parseHeader(result);
      if (header.number !== number) throw new BadAnswer(`asked for block ${number}, got block ${header.number}`);
      return header;
    });
  }

  async function findGenesisHash(): Promise<Hex | undefined> {
    const told = await Promise.all(
      options.endpoints.map(async (endpoint) => {
        try {
          const [chainId, genesis] = await send(endpoint, [call('eth_chainId'), call('eth_getBlockByNumber', '0x0', false)], 'head');
          if (integerOf(resultOf(chainId), 'eth_chainId') !== options.chainId) return undefined;
          const result = resultOf(genesis);
          return result === null ? undefined : parseHeader(result).hash;
        } catch (error) {
          if (signal.aborted) throw error;
          // It will be asked again, and its fault written down, when it is used.
          return undefined;
        }
      }),
    );
    const votes = new Map<Hex, number>();
    for (const hash of told) if (hash !== undefined) votes.set(hash, (votes.get(hash) ?? 0) + 1);
    return [...votes].sort(([, a], [, b]) => b - a)[0]?.[0];
  }

  function blame(endpoint: Endpoint, fault: EndpointFault): void {
    endpoint.failed(fault);
    options.onFault(endpoint, fault);
  }

  return {
    readHead,
    readBlocks,
    readHeaders,
    findGenesisHash,
    verify: async (endpoint) => {
      try {
        await verify(endpoint);
      } catch (error) {
        if (error instanceof EndpointFault) blame(endpoint, error);
        throw error;
      }
    },
    blame,
    endpoints: options.endpoints,
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

function isUnsupported(reply: Reply | undefined): boolean {
  return reply !== undefined && 'fault' in reply && reply.fault.kind === 'unsupported';
}

/** A result that must be there, since the chain is said to be that long: null means that this node is behind. */
function presentIn(reply: Reply | undefined, what: string): unknown {
  const result = resultOf(reply);
  if (result === null || result === undefined) throw new EndpointFault('behind', `it has no ${what} yet`);
  return result;
}
