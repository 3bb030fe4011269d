import Type from 'typebox';
import type { Pair } from '../../catalog/schema/pair.ts';
import { BookAnswer } from '../contracts/market-answers.ts';
import { type HttpApp, problemResponses } from '../runtime/http.ts';
import { ProblemError } from '../runtime/http-problem.ts';
import { createSlots } from '../runtime/slots.ts';
import { millisecondsOf } from '../runtime/unix-time.ts';
import type { RouteDeps } from './deps.ts';
import { gapAnswerOf } from './gap-routes.ts';
import { rebuildBook } from './live/rebuild.ts';
import { getPair } from './pairs.ts';
import { symbolPath, TimeParameter } from './query.ts';

/** Where a book leads to, in the words of OpenAPI: to what was recorded by then, put together anew. */
const sameTime = {
  operationId: 'getBook',
  description: 'The book as it was at that event time',
  parameters: {
    'path.symbol': '$request.path.symbol',
    'query.depth': '$request.query.depth',
    'query.at': '$response.body#/eventTime',
  },
};

const depthDefault = 100;
const staleMs = 60_000;
/** So far the exchange's clock may be ahead of ours. */
const aheadMs = 60_000;
/** Books of the past: each is made of up to thousands of updates. */
const rebuildsMax = { max: 4, waitingMax: 32 } as const;

const BookQuery = Type.Object(
  {
    depth: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 5000,
        default: depthDefault,
        description: 'Levels of each side, the best first',
      }),
    ),
    at: TimeParameter('The book as it was then, by event time; now when left out'),
  },
  { additionalProperties: false },
);

/** The book of one pair, now or in the past. */
export function addBookRoutes(app: HttpApp, { catalog, relational, live, clock }: RouteDeps): void {
  const rebuilds = createSlots({ ...rebuildsMax, full: tooBusy });

  app.get(
    '/book/:symbol',
    {
      links: { 200: { sameTime } },
      schema: {
        tags: ['books'],
        operationId: 'getBook',
        security: [{ bearer: [] }],
        summary: 'The order book of a pair',
        description:
          'Rebuilt from the last whole book that was recorded and every update after it. `state`, `stale`, `ageMs` and `gap` say how far it can be trusted; `bidFloor` and `askCeiling`, how far down it is known.',
        params: symbolPath(catalog.current()),
        querystring: BookQuery,
        response: {
          200: { description: 'The book', content: { 'application/json': { schema: BookAnswer } } },
          ...problemResponses({
            400: 'A parameter is not valid',
            404: 'There is no such symbol',
            409: 'No book is held of that time, or ever will be',
            503: 'No book is held yet, or try again in a second',
          }),
        },
      },
    },
    async (request, reply) => {
      const { depth = depthDefault } = request.query;
      const pair = getPair(catalog.current(), request.params.symbol);
      const at = request.query.at === undefined ? null : millisecondsOf(request.query.at);
      if (at !== null && at > clock() + aheadMs) throw inTheFuture();
      const view =
        at === null ? await live.openBook(pair.symbol) : await rebuilds.run(() => rebuildBook(relational, pair, at));
      if (view.state === 'waiting') throw noBook(pair, at);
      const { book, state, gap, lastUpdateId, eventTimeMs, receivedAtMs } = view;
      const ageMs = Math.max(0, (at ?? clock()) - (at === null ? receivedAtMs : eventTimeMs));
      const [bids, asks] = [book.levels('bid'), book.levels('ask')];
      reply.header('cache-control', 'no-store');
      return {
        symbol: pair.symbol,
        state,
        stale: ageMs > staleMs,
        at,
        lastUpdateId,
        eventTime: eventTimeMs,
        receivedAt: receivedAtMs,
        ageMs,
        bids: bids.slice(0, depth),
        asks: asks.slice(0, depth),
        bidFloor: book.bidFloor,
        askCeiling: book.askCeiling,
        bidLevels: bids.length,
        askLevels: asks.length,
        gap: gap === undefined ? null : gapAnswerOf(gap),
      };
    },
  );
}

function inTheFuture(): ProblemError {
  return new ProblemError({
    status: 400,
    code: 'invalid-time',
    title: 'This time is yet to come',
    detail: '`at` is a time of the past: leave it out for the book of now.',
  });
}

function tooBusy(): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'too-busy',
    title: 'Too many books are being rebuilt',
    detail: `${rebuildsMax.waitingMax} requests wait for books of the past already: try again in a second.`,
    headers: { 'retry-after': '1' },
  });
}

function noBook({ symbol, status, statusNote }: Pair, at: number | null): ProblemError {
  const title = 'No book can be told';
  if (at !== null) {
    const when = new Date(at).toISOString();
    const detail = `No snapshot of ${symbol} is held of ${when} or before: /symbols says from when on there are records.`;
    return new ProblemError({ status: 409, code: 'no-book', title, detail });
  }
  if (status === 'retired') {
    const detail = `${symbol} is retired and not collected: ${statusNote ?? 'it is no longer traded'}.`;
    return new ProblemError({ status: 409, code: 'no-book', title, detail });
  }
  const detail = `No snapshot of ${symbol} is held yet: it waits for its turn, or the collector is not running.`;
  return new ProblemError({ status: 503, code: 'no-book', title, detail, headers: { 'retry-after': '5' } });
}
