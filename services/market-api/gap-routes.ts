import Type from 'typebox';
import { type GapAnswer, GapsAnswer } from '../contracts/market-answers.ts';
import { type GapPlace, readGaps } from '../datasets/market/gaps.ts';
import { type Gap, gapStreams } from '../datasets/market/record.ts';
import { type HttpApp, problemResponses } from '../runtime/http.ts';
import { invalidRequest } from '../runtime/http-problem.ts';
import { timeMax } from '../runtime/unix-time.ts';
import type { RouteDeps } from './deps.ts';
import { getPair } from './pairs.ts';
import { LimitParameter, nextPageOf, symbolPath, timeBounds } from './query.ts';
import { rangeOf } from './time.ts';

const limitDefault = 100;

const GapsQuery = Type.Object(
  {
    ...timeBounds,
    limit: LimitParameter(limitDefault, 1000, 'Gaps'),
    cursor: Type.Optional(Type.String({ maxLength: 100, description: '`next` of the answer before, as it is' })),
  },
  { additionalProperties: false },
);

/** What is missing of one pair. */
export function addGapRoutes(app: HttpApp, { catalog, relational }: RouteDeps): void {
  app.get(
    '/gaps/:symbol',
    {
      links: nextPageOf('listGaps', ['start_time', 'end_time', 'limit']),
      schema: {
        tags: ['books'],
        operationId: 'listGaps',
        summary: 'Gaps of a pair',
        description: 'Times within which updates are missing or cannot be trusted: those that overlap the bounds.',
        params: symbolPath(catalog.current()),
        querystring: GapsQuery,
        response: {
          200: { description: 'The gaps', content: { 'application/json': { schema: GapsAnswer } } },
          ...problemResponses({
            400: 'A parameter is not valid',
            404: 'There is no such symbol',
            503: 'Try again in a second',
          }),
        },
      },
    },
    async (request) => {
      const { limit = limitDefault, cursor } = request.query;
      const { symbol } = getPair(catalog.current(), request.params.symbol);
      const { fromMs = 0, toMs = timeMax } = rangeOf(request.query);
      const found = await readGaps(relational, { symbol, fromMs, toMs, limit: limit + 1, after: placeOf(cursor) });
      const gaps = found.slice(0, limit);
      const last = gaps.at(-1);
      const next = found.length > limit && last !== undefined ? cursorOf(last) : null;
      return { symbol, gaps: gaps.map(gapAnswerOf), next };
    },
  );
}

export function gapAnswerOf(gap: Gap): GapAnswer {
  const { stream, reason, fromUpdateId, toUpdateId, openedAtMs, closedAtMs, detail } = gap;
  return { stream, reason, fromUpdateId, toUpdateId, openedAt: openedAtMs, closedAt: closedAtMs, detail };
}

function cursorOf({ openedAtMs, fromUpdateId, stream }: GapPlace): string {
  return Buffer.from(`1~${openedAtMs}~${fromUpdateId}~${stream}`).toString('base64url');
}

function placeOf(text: string | undefined): GapPlace | undefined {
  if (text === undefined) return undefined;
  const plain = Buffer.from(text, 'base64url').toString('latin1');
  const [, opened, from, word] = /^1~(\d{1,15})~(\d{1,16})~([a-z]{1,16})$/.exec(plain) ?? [];
  const stream = gapStreams.find((each) => each === word);
  const openedAtMs = Number(opened);
  if (stream !== undefined && openedAtMs <= timeMax) {
    const place = { openedAtMs, fromUpdateId: Number(from), stream };
    if (cursorOf(place) === text) return place;
  }
  throw invalidRequest([{ parameter: 'cursor', detail: 'it is no cursor: pass `next` of an earlier answer as it is' }]);
}
