import Type from 'typebox';
import { type RecordPlace, streamRecordPages } from '../datasets/market/read.ts';
import { recordKinds } from '../datasets/market/record.ts';
import { type HttpApp, OneOf, problemResponses } from '../runtime/http.ts';
import { invalidRequest, ProblemError } from '../runtime/http-problem.ts';
import { sendPieces } from '../runtime/http-stream.ts';
import { contentTypes, formatOf, formats } from './accept.ts';
import { DataAnswer } from './answers.ts';
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts';
import { findDataEnd } from './data-end.ts';
import { formatRecords } from './data-format.ts';
import type { RouteDeps } from './deps.ts';
import { getPair } from './pairs.ts';
import { LimitParameter, symbolPath, timeBounds } from './query.ts';
import { rangeOf, timeMax } from './time.ts';

const limitDefault = 1000;
const limitMax = 10_000;
/** Answers that are being sent at one time; each holds a page of rows. */
const answersMax = 100;
/** Whole books are a hundred times as long as other records. */
const pageRows = { few: 10, many: 250 } as const;

const DataQuery = Type.Object(
  {
    ...timeBounds,
    limit: LimitParameter(limitDefault, limitMax, 'Records'),
    kind: Type.Optional(
      Type.String({
        pattern: `^(${recordKinds.join('|')})(,(${recordKinds.join('|')}))*$`,
        description: `one or more of ${recordKinds.join(', ')}, separated by commas; all when left out`,
      }),
    ),
    order: Type.Optional(
      OneOf(['asc', 'desc'], {
        description: 'asc: oldest first, as when start_time is given; desc: newest first, as when it is not',
      }),
    ),
    cursor: Type.Optional(
      Type.String({
        maxLength: 200,
        description: '`next` of the answer before, as it is, with the same other parameters',
      }),
    ),
    format: Type.Optional(OneOf(formats, { description: 'As by the header Accept, which it overrules' })),
  },
  { additionalProperties: false },
);

/** The records of one pair. */
export function addDataRoutes(app: HttpApp, { catalog, relational, log }: RouteDeps): void {
  let answers = 0;

  app.get(
    '/data/:symbol',
    {
      schema: {
        tags: ['data'],
        operationId: 'getData',
        summary: 'Records of a pair',
        description: `The latest records, newest first: \`/data/BTCUSDT?limit=1000\`. Those from a time on, oldest first: \`/data/ETHUSDT?start_time=1695211200&limit=5000\`. Passing \`next\` as \`cursor\` gives each record once, also while others are written. It is a JSON object, CSV (RFC 4180, with a header line; levels are JSON in one field) or NDJSON (a record a line); of the latter two, \`x-next-cursor\` and \`x-record-count\` say what the JSON object does, and \`link\` leads to the next page in all. An answer that breaks off is not whole: the connection ends with an error.`,
        params: symbolPath(catalog.current()),
        querystring: DataQuery,
        response: {
          200: {
            description: 'The records',
            content: {
              'application/json': { schema: DataAnswer },
              'text/csv': { schema: Type.String() },
              'application/x-ndjson': { schema: Type.String() },
            },
          },
          ...problemResponses({
            400: 'A parameter is not valid',
            404: 'There is no such symbol',
            406: 'There is no such form of the data',
            503: 'Try again in a second',
          }),
        },
      },
    },
    async (request, reply) => {
      const { query } = request;
      const format = query.format ?? formatOf(request.headers.accept);
      const { symbol } = getPair(catalog.current(), request.params.symbol);
      const { fromMs = 0, toMs = timeMax } = rangeOf(query);
      const order = query.order ?? (query.start_time === undefined ? 'desc' : 'asc');
      const after = placeOf(query.cursor, symbol, order);
      const kinds = recordKinds.filter((kind) => query.kind === undefined || query.kind.split(',').includes(kind));
      const limit = query.limit ?? limitDefault;
      if (reply.raw.destroyed) return reply;
      if (answers >= answersMax) throw tooBusy();
      answers += 1;
      let isCounted = true;
      const done = (): void => {
        if (isCounted) answers -= 1;
        isCounted = false;
      };
      reply.raw.once('close', done);
      const direction = order === 'asc' ? ('oldest first' as const) : ('newest first' as const);
      const wanted = { symbol, kinds, fromMs, toMs, order: direction, after };
      const { count, last, more } = await findDataEnd(relational, { ...wanted, limit });
      const next = more && last !== undefined ? encodeCursor({ order, symbol, after: last }) : null;
      reply.headers({ 'content-type': contentTypes[format], vary: 'accept', 'x-record-count': count });
      if (next !== null) {
        const url = new URL(request.url, 'http://localhost');
        url.searchParams.set('cursor', next);
        reply.headers({ 'x-next-cursor': next, link: `<${url.pathname}${url.search}>; rel="next"` });
      }
      const isWhole = kinds.every((kind) => kind === 'snapshot' || kind === 'checkpoint');
      const rows = isWhole ? pageRows.few : pageRows.many;
      const pages = streamRecordPages(relational, { ...wanted, limit: count }, rows);
      return sendPieces(request, reply, formatRecords(format, { symbol, order, count, next }, pages), log);
    },
  );
}

function placeOf(text: string | undefined, symbol: string, order: Cursor['order']): RecordPlace | undefined {
  if (text === undefined) return undefined;
  const cursor = decodeCursor(text);
  const pass = (detail: string) => invalidRequest([{ parameter: 'cursor', detail }]);
  if (cursor === undefined) throw pass('it is no cursor: pass `next` of an earlier answer as it is');
  if (cursor.symbol !== symbol) throw pass(`it is of ${cursor.symbol}, not of ${symbol}`);
  if (cursor.order !== order) throw pass(`it is of an answer with order=${cursor.order}: keep the other parameters`);
  return cursor.after;
}

function tooBusy(): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'too-busy',
    title: 'Too many answers are being sent',
    detail: `${answersMax} answers with records are being sent already: try again in a second.`,
    headers: { 'retry-after': '1' },
  });
}
