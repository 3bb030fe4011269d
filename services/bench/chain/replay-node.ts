/**
 * A node that answers from memory: it reads all blocks of another node once, then serves them again byte for byte. anvil
 * recovers each sender from its signature anew for each answer, which costs more than any client does; behind this node the
 * clients' own cost shows, as behind a production node that has its answers ready.
 *
 * A process of its own (process.send when ready), so that its work is on no subject's account.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createJsonRpc } from '../../testing/json-rpc.ts';

interface Log {
  readonly address: string;
  readonly topics: readonly string[];
  readonly text: string;
}

/** All a client asks about one block, as JSON text ready to be sent. */
interface Recorded {
  readonly full: Buffer;
  /** With hashes for transactions. */
  readonly light: Buffer;
  readonly receipts: Buffer;
  readonly logs: readonly Log[];
}

interface Recording {
  readonly blocks: readonly Recorded[];
  readonly numberOf: ReadonlyMap<string, number>;
  readonly receiptOf: ReadonlyMap<string, Buffer>;
  readonly chainId: string;
  readonly finalized: number;
}

interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params?: readonly unknown[];
}

interface LogFilter {
  readonly fromBlock?: string;
  readonly toBlock?: string;
  readonly address?: string | readonly string[];
  readonly topics?: readonly (string | readonly string[] | null)[];
}

const blocksPerRead = 50;
const nothing = Buffer.from('null');

process.on('disconnect', () => process.exit());
process.once('message', async (url: string) => {
  const recording = await record(url);
  const server = createServer((request, response) => void serve(recording, request, response));
  server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
});

async function record(url: string): Promise<Recording> {
  const node = createJsonRpc(url);
  const head = Number(await node.rpc('eth_blockNumber'));
  const finalized = await node.rpc<{ number: string }>('eth_getBlockByNumber', ['finalized', false]);
  const blocks: Recorded[] = [];
  const numberOf = new Map<string, number>();
  const receiptOf = new Map<string, Buffer>();
  for (let from = 0; from <= head; from += blocksPerRead) {
    const numbers = Array.from({ length: Math.min(blocksPerRead, head + 1 - from) }, (_, at) => from + at);
    const answers = await node.batch<never>(
      numbers.flatMap((number) => [
        ['eth_getBlockByNumber', [quantity(number), true]] as const,
        ['eth_getBlockReceipts', [quantity(number)]] as const,
      ]),
    );
    for (const [at, number] of numbers.entries()) {
      const block = answers[2 * at] as unknown as { hash: string; transactions: { hash: string }[] };
      const receipts = answers[2 * at + 1] as unknown as { transactionHash: string; logs: Omit<Log, 'text'>[] }[];
      numberOf.set(block.hash, number);
      for (const receipt of receipts) receiptOf.set(receipt.transactionHash, json(receipt));
      blocks.push({
        full: json(block),
        light: json({ ...block, transactions: block.transactions.map(({ hash }) => hash) }),
        receipts: json(receipts),
        logs: receipts.flatMap(({ logs }) => logs.map((log) => ({ ...log, text: JSON.stringify(log) }))),
      });
    }
  }
  const chainId = await node.rpc<string>('eth_chainId');
  return { blocks, numberOf, receiptOf, chainId, finalized: Number(finalized.number) };
}

async function serve(recording: Recording, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body: Buffer[] = [];
  for await (const chunk of request) body.push(chunk as Buffer);
  const asked = JSON.parse(Buffer.concat(body).toString()) as Call | Call[];
  const pieces: Buffer[] = [];
  if (Array.isArray(asked)) {
    for (const [index, call] of asked.entries())
      pieces.push(Buffer.from(index === 0 ? '[' : ','), ...answer(recording, call));
    pieces.push(Buffer.from(']'));
  } else {
    pieces.push(...answer(recording, asked));
  }
  const bytes = Buffer.concat(pieces);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
}

function answer(recording: Recording, { id, method, params = [] }: Call): Buffer[] {
  const result = resultOf(recording, method, params);
  const start = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},`;
  if (result === undefined)
    return [Buffer.from(`${start}"error":{"code":-32601,"message":"${method} is not recorded"}}`)];
  return [Buffer.from(`${start}"result":`), result, Buffer.from('}')];
}

function resultOf(recording: Recording, method: string, params: readonly unknown[]): Buffer | undefined {
  const [first, second] = params;
  switch (method) {
    case 'eth_chainId':
      return json(recording.chainId);
    case 'net_version':
      return json(String(Number(recording.chainId)));
    case 'eth_blockNumber':
      return json(quantity(recording.blocks.length - 1));
    case 'eth_getBlockByNumber':
    case 'eth_getBlockByHash':
      return findBlock(recording, first)?.[second === true ? 'full' : 'light'] ?? nothing;
    case 'eth_getBlockReceipts':
      return findBlock(recording, first)?.receipts ?? nothing;
    case 'eth_getTransactionReceipt':
      return recording.receiptOf.get(String(first)) ?? nothing;
    case 'eth_getLogs':
      return findLogs(recording, first as LogFilter);
    default:
      return undefined;
  }
}

/** By number, tag or hash. */
function findBlock(recording: Recording, block: unknown): Recorded | undefined {
  const last = recording.blocks.length - 1;
  const tags: Record<string, number> = {
    earliest: 0,
    safe: recording.finalized,
    finalized: recording.finalized,
    latest: last,
    pending: last,
  };
  const name = String(block);
  return recording.blocks[tags[name] ?? recording.numberOf.get(name) ?? Number(name)];
}

function findLogs({ blocks }: Recording, { fromBlock, toBlock, address, topics = [] }: LogFilter): Buffer {
  const addresses = address === undefined ? undefined : [address].flat();
  const wanted = topics.map((topic) => (topic === null ? undefined : [topic].flat()));
  const found = blocks.slice(Number(fromBlock), Number(toBlock) + 1).flatMap(({ logs }) =>
    logs
      .filter((log) => addresses === undefined || addresses.includes(log.address))
      .filter((log) => wanted.every((any, at) => any === undefined || any.includes(log.topics[at] ?? '')))
      .map(({ text }) => text),
  );
  return Buffer.from(`[${found.join(',')}]`);
}

function quantity(number: number): string {
  return `0x${number.toString(16)}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
