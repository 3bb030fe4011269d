import Type from 'typebox';
import type { Network } from '../../catalog/schema/network.ts';
import {
  type BlockAnswer,
  BlocksAnswer,
  OneBlockAnswer,
  OneTxAnswer,
  StatsAnswer,
  type TxAnswer,
  TxsAnswer,
  windowNames,
} from '../contracts/chain-answers.ts';
import { OneOf } from '../contracts/schema.ts';
import type { Extra, Hex } from '../datasets/chain/block.ts';
import { type BlockPage, readBlockPage } from '../datasets/chain/block-page.ts';
import {
  type BlockHeader,
  type BlockStamp,
  type ChainView,
  findBlock,
  findTx,
  readTxPage,
  readView,
  type TxOfBlock,
} from '../datasets/chain/read.ts';
import type { StatsScope } from '../datasets/chain/stats.ts';
import { type HttpApp, problemResponses } from '../runtime/http.ts';
import { invalidRequest, ProblemError } from '../runtime/http-problem.ts';
import { createCachedStats } from './cached-stats.ts';
import { cacheControlOf, etagOf, jsonType } from './caching.ts';
import { type Cursor, chainMarkOf, decodeCursor, encodeCursor } from './cursor.ts';
import type { AnalyticsDeps } from './deps.ts';
import { networkPath } from './network-routes.ts';
import { exampleNetworkOf, freshnessOf, getNetwork, type SyncNote, syncNoteOf } from './network-view.ts';

const tags = ['chain data'];
const closed = { additionalProperties: false };
const blockNumber = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

const range = {
  fromBlock: Type.Optional(Type.Integer({ ...blockNumber, examples: [0], description: 'The lowest block wanted' })),
  toBlock: Type.Optional(
    Type.Integer({ ...blockNumber, examples: [30_000_000], description: 'The highest block wanted' }),
  ),
};
const limitDefault = 100;
const PageQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: limitDefault,
        examples: [10],
        description: 'Rows in one answer',
      }),
    ),
    before: Type.Optional(Type.String({ maxLength: 200, description: '`next` of the answer before, as it is' })),
    ...range,
  },
  closed,
);
const windows = { '1h': 3600, '24h': 86_400, '7d': 604_800, all: null } as const satisfies Record<
  (typeof windowNames)[number],
  number | null
>;
const StatsQuery = Type.Object(
  {
    window: Type.Optional(
      OneOf(windowNames, {
        description: "How far back from the newest block's timestamp; 24h when neither it nor a range is given",
      }),
    ),
    ...range,
  },
  closed,
);
const NoQuery = Type.Object({}, closed);
const problems = problemResponses({
  400: 'A parameter is not valid',
  404: 'There is no such network',
  503: 'Try again in a second',
});
/** Where the rows of a page lead to, in the words of OpenAPI: to the next page, and to one of them. */
function linksOf(list: string, one: string, parameter: string, row: string) {
  const network = { 'path.network': '$request.path.network' };
  const range = { 'query.fromBlock': '$request.query.fromBlock', 'query.toBlock': '$request.query.toBlock' };
  const limit = { 'query.limit': '$request.query.limit' };
  return {
    200: {
      next: {
        operationId: list,
        description: 'The following, older rows',
        parameters: { ...network, ...limit, ...range, 'query.before': '$response.body#/next' },
      },
      newest: {
        operationId: one,
        description: 'The newest row by itself',
        parameters: { ...network, [parameter]: `$response.body#/${row}` },
      },
    },
  };
}
const ofNetwork = 'A network that is not synced gives an empty answer; `sync` says why.';

/** Statistics, blocks and transactions of one network. */
export function addChainRoutes(app: HttpApp, deps: AnalyticsDeps): void {
  const { catalog, relational, version } = deps;
  const readStats = createCachedStats(deps);

  const network = networkPath(exampleNetworkOf(catalog.current()));
  const NetworkPath = Type.Object(network, closed);
  const number = Type.Integer({ ...blockNumber, description: 'Block number' });
  const BlockPath = Type.Object({ ...network, number }, closed);
  const hash = Type.String({
    pattern: '^0x[0-9a-fA-F]{64}$',
    description: 'a transaction hash: 0x and 64 hex digits',
  });
  const TxPath = Type.Object({ ...network, hash }, closed);

  /** The network, and whether its name stands for one chain for ever. */
  function find(id: string): { network: Network; pinned: boolean } {
    const current = catalog.current();
    const network = getNetwork(current, id);
    return { network, pinned: current.catalog.networks.some((each) => each.id === id) };
  }

  app.get(
    '/api/v1/l2/networks/:network/stats',
    {
      schema: {
        tags,
        operationId: 'getNetworkStats',
        summary: 'Statistics of a network',
        description: `Exact figures over the canonical blocks of a window that ends with the newest block, or of a range of blocks. All of them are of one chain, the one that ends in \`asOf\`. ${ofNetwork}`,
        params: NetworkPath,
        querystring: StatsQuery,
        response: {
          200: { description: 'The figures', content: { 'application/json': { schema: StatsAnswer } } },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { window, ...blocks } = request.query;
      const ranged = blocks.fromBlock !== undefined || blocks.toBlock !== undefined;
      if (ranged && window !== undefined) {
        throw invalidRequest([{ parameter: 'window', detail: 'give it, or fromBlock and toBlock, not both' }]);
      }
      checkRange(blocks);
      const { network, pinned } = find(request.params.network);
      const name = ranged ? 'range' : (window ?? '24h');
      const seconds = name === 'range' ? null : windows[name];
      const firstBlock = network.startBlock ?? 0;
      const { fromBlock = firstBlock, toBlock = Number.MAX_SAFE_INTEGER } = blocks;
      const scope: StatsScope =
        name === 'range'
          ? { kind: 'range', fromBlock, toBlock }
          : seconds === null
            ? { kind: 'all', firstBlock }
            : { kind: 'window', seconds, firstBlock };

      const last = blocks.toBlock;
      const { view, hash } = await readView(relational, network.id, last);
      const sync = syncNoteOf(network, view.reported);
      const finalHash = last !== undefined && isFinal(last, view) ? hash : undefined;
      const reading = await readStats({ network: network.id, scope, finalHash });
      const { coverage = null, stats = null } = reading?.counted ?? {};
      // The stores move apart for moments: final is what the other store calls so of this very block.
      const fixed = coverage?.complete === true && finalHash !== undefined && coverage.toHash === finalHash;
      reply.headers({
        etag: etagOf(version, request.url, coverage, stats, sync),
        'cache-control': cacheControlOf(view, {
          blocks: fixed ? { from: coverage.fromBlock, to: coverage.toBlock } : undefined,
          oneChain: pinned,
        }),
      });
      const asOf = reading === undefined ? null : stampOf(reading.asOf);
      return { ...freshnessOf(network, { ...view, asOf }, sync), window: { name, seconds }, coverage, stats };
    },
  );

  app.get(
    '/api/v1/l2/networks/:network/blocks',
    {
      links: linksOf('listBlocks', 'getBlock', 'path.number', 'blocks/0/number'),
      schema: {
        tags,
        operationId: 'listBlocks',
        summary: 'Blocks of a network, newest first',
        description: `Pages stay in place while new blocks arrive: walking \`next\` to its end gives each block once. ${ofNetwork}`,
        params: NetworkPath,
        querystring: PageQuery,
        response: {
          200: { description: 'A page of blocks', content: { 'application/json': { schema: BlocksAnswer } } },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { limit = limitDefault, fromBlock, toBlock } = request.query;
      checkRange(request.query);
      const cursor = cursorOf('blocks', request.query.before);
      const { network, pinned } = find(request.params.network);
      const page = await readBlockPage(relational, network.id, { fromBlock, toBlock, before: cursor?.block, limit });
      const { view, json, blocks, more } = page;
      checkChain(cursor, view);
      const sync = syncNoteOf(network, view.reported);
      const to = lowestOf(toBlock, cursor === undefined ? undefined : cursor.block - 1);
      const from = more && blocks !== undefined ? blocks.lowest : (fromBlock ?? 0);
      reply.headers({
        'content-type': jsonType,
        etag: etagOf(version, request.url, contentOf(page), more, sync),
        'cache-control': cacheControlOf(view, {
          blocks: to === undefined ? undefined : { from, to },
          oneChain: pinned || namesChain(cursor),
        }),
      });
      const next = more && blocks !== undefined ? nextOf('blocks', view, blocks.lowest, 0) : null;
      const before = JSON.stringify(freshnessOf(network, view, sync)).slice(0, -1);
      return `${before},"blocks":[${json}],"next":${JSON.stringify(next)}}`;
    },
  );

  app.get(
    '/api/v1/l2/networks/:network/blocks/:number',
    {
      schema: {
        tags,
        operationId: 'getBlock',
        summary: 'One block by its number',
        params: BlockPath,
        querystring: NoQuery,
        response: {
          200: { description: 'The block', content: { 'application/json': { schema: OneBlockAnswer } } },
          ...problems,
          ...problemResponses({ 404: 'There is no such network, or the block is not held' }),
        },
      },
    },
    async (request, reply) => {
      const { number } = request.params;
      const { network, pinned } = find(request.params.network);
      const { view, found } = await findBlock(relational, network.id, number);
      const sync = syncNoteOf(network, view.reported);
      if (found === undefined) throw notHeld(`block ${number}`, network, view, sync);
      const block = { ...blockAnswerOf(found, view), extra: extraOf(found.extra) };
      reply.headers({
        etag: etagOf(version, request.url, found.hash, block.final, sync),
        'cache-control': cacheControlOf(view, { blocks: { from: number, to: number }, oneChain: pinned }),
      });
      return { ...freshnessOf(network, view, sync), block };
    },
  );

  app.get(
    '/api/v1/l2/networks/:network/txs',
    {
      links: linksOf('listTransactions', 'getTransaction', 'path.hash', 'txs/0/hash'),
      schema: {
        tags,
        operationId: 'listTransactions',
        summary: 'Transactions of a network, newest first',
        description: `By block, then by index, both from high to low. Pages stay in place while new blocks arrive. For one block, set \`fromBlock\` and \`toBlock\` to it. ${ofNetwork}`,
        params: NetworkPath,
        querystring: PageQuery,
        response: {
          200: { description: 'A page of transactions', content: { 'application/json': { schema: TxsAnswer } } },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { limit = limitDefault, fromBlock, toBlock } = request.query;
      checkRange(request.query);
      const cursor = cursorOf('txs', request.query.before);
      const { network, pinned } = find(request.params.network);
      const { view, rows, more } = await readTxPage(relational, network.id, {
        fromBlock,
        toBlock,
        before: cursor,
        limit,
      });
      checkChain(cursor, view);
      const sync = syncNoteOf(network, view.reported);
      const last = rows.at(-1);
      const to = lowestOf(toBlock, cursor?.block);
      const blocks = rows.map(({ block }) => block);
      reply.headers({
        etag: etagOf(
          version,
          request.url,
          rows.map(({ hash, block }) => [hash, block.hash]),
          finalCountOf(blocks, view),
          more,
          sync,
        ),
        'cache-control': cacheControlOf(view, {
          blocks:
            to === undefined
              ? undefined
              : { from: more && last !== undefined ? last.block.number : (fromBlock ?? 0), to },
          oneChain: pinned || namesChain(cursor),
        }),
      });
      return {
        ...freshnessOf(network, view, sync),
        txs: rows.map((row) => txAnswerOf(row, view)),
        next: more && last !== undefined ? nextOf('txs', view, last.block.number, last.index) : null,
      };
    },
  );

  app.get(
    '/api/v1/l2/networks/:network/txs/:hash',
    {
      schema: {
        tags,
        operationId: 'getTransaction',
        summary: 'One transaction by its hash',
        params: TxPath,
        querystring: NoQuery,
        response: {
          200: { description: 'The transaction', content: { 'application/json': { schema: OneTxAnswer } } },
          ...problems,
          ...problemResponses({ 404: 'There is no such network, or the transaction is not held' }),
        },
      },
    },
    async (request, reply) => {
      const hash = request.params.hash.toLowerCase() as Hex;
      const { network, pinned } = find(request.params.network);
      const { view, found } = await findTx(relational, network.id, hash);
      const sync = syncNoteOf(network, view.reported);
      if (found === undefined) throw notHeld(`transaction ${hash}`, network, view, sync);
      const tx = { ...txAnswerOf(found, view), extra: extraOf(found.extra) };
      const { number } = found.block;
      reply.headers({
        etag: etagOf(version, request.url, found.block.hash, tx.final, sync),
        'cache-control': cacheControlOf(view, { blocks: { from: number, to: number }, oneChain: pinned }),
      });
      return { ...freshnessOf(network, view, sync), tx };
    },
  );
}

/** What names the rows of a page: a block's hash names all below it, so that without holes nothing more is needed. */
function contentOf({ view: { finalizedNumber }, json, blocks }: BlockPage): unknown {
  if (blocks === undefined) return null;
  const { count, lowest, highest, hash } = blocks;
  if (count <= highest - lowest) return json;
  const finalTo = finalizedNumber === null ? null : Math.min(Math.max(finalizedNumber, lowest - 1), highest);
  return [hash, lowest, finalTo];
}

function checkRange({ fromBlock, toBlock }: { fromBlock?: number; toBlock?: number }): void {
  if (fromBlock !== undefined && toBlock !== undefined && fromBlock > toBlock) {
    throw invalidRequest([{ parameter: 'fromBlock', detail: `${fromBlock} is above toBlock ${toBlock}: swap them` }]);
  }
}

function cursorOf(kind: Cursor['kind'], before: string | undefined): Cursor | undefined {
  if (before === undefined) return undefined;
  const cursor = decodeCursor(before);
  if (cursor?.kind === kind) return cursor;
  throw invalidRequest([
    { parameter: 'before', detail: `it is no cursor of ${kind}: pass \`next\` of an earlier answer as it is` },
  ]);
}

/** A laptop's chain that was started anew has the old one's name; its pages do not go on from the old one's. */
function checkChain(cursor: Cursor | undefined, view: ChainView): void {
  const mark = chainMarkOf(view.genesisHash);
  if (cursor === undefined || cursor.chain === '' || mark === '' || cursor.chain === mark) return;
  throw invalidRequest([
    { parameter: 'before', detail: 'it is of another chain of that name: begin again without it' },
  ]);
}

function namesChain(cursor: Cursor | undefined): boolean {
  return cursor !== undefined && cursor.chain !== '';
}

function nextOf(kind: Cursor['kind'], view: ChainView, block: number, index: number): string {
  return encodeCursor({ kind, chain: chainMarkOf(view.genesisHash), block, index });
}

function lowestOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}

function notHeld(what: string, network: Network, { synced, droppedTo, asOf }: ChainView, sync: SyncNote): ProblemError {
  const held = asOf === null ? 'none' : synced.map(({ from, to }) => `${from}–${to}`).join(', ');
  const dropped = droppedTo === null ? '' : ` Blocks up to ${droppedTo} were dropped for their age.`;
  const why = sync.reason === null ? '' : ` Its sync is ${sync.state}: ${sync.reason}.`;
  return new ProblemError({
    status: 404,
    code: 'not-held',
    title: 'It is not held',
    detail: `${network.name}: ${what} is not among what is held. Blocks held: ${held}.${dropped}${why}`,
  });
}

function stampOf({ number, hash, timestamp }: BlockStamp): BlockStamp {
  return { number, hash, timestamp };
}

function isFinal(number: number, { finalizedNumber }: ChainView): boolean {
  return finalizedNumber !== null && number <= finalizedNumber;
}

function finalCountOf(blocks: readonly BlockStamp[], view: ChainView): number {
  return blocks.filter(({ number }) => isFinal(number, view)).length;
}

function extraOf(extra: Extra | null): Record<string, unknown> | null {
  return extra === null ? null : { ...extra };
}

function blockAnswerOf({ txCount, logCount, ...block }: BlockHeader, view: ChainView): BlockAnswer {
  return { ...block, final: isFinal(block.number, view), transactions: txCount, logs: logCount };
}

function txAnswerOf({ block, logCount, ...tx }: TxOfBlock, view: ChainView): TxAnswer {
  const { effectiveGasPrice: price } = tx;
  return {
    ...tx,
    blockNumber: block.number,
    blockHash: block.hash,
    timestamp: block.timestamp,
    final: isFinal(block.number, view),
    logs: logCount,
    executionFee: price === null ? null : (BigInt(tx.gasUsed) * BigInt(price)).toString(),
  };
}
