import { Readable } from 'node:stream';
import Type from 'typebox';
import { DataAnswer } from '../contracts/market-answers.ts';
import { OneOf } from '../contracts/schema.ts';
import { type RecordPlace, streamRecordPages } from '../datasets/market/read.ts';
import { type MarketRecord, recordKinds } from '../datasets/market/record.ts';
import { type HttpApp, problemResponses } from '../runtime/http.ts';
import { invalidRequest, ProblemError } from '../runtime/http-problem.ts';
import { sendLimits, sendPieces } from '../runtime/http-stream.ts';
import { timeMax } from '../runtime/unix-time.ts';
import { contentTypes, formatOf, formats } from './accept.ts';
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts';
import { findDataEnd } from './data-end.ts';
import { formatRecords } from './data-format.ts';
import type { RouteDeps } from './deps.ts';
import { getPair } from './pairs.ts';
import { LimitParameter, nextPageOf, symbolPath, timeBounds } from './query.ts';
import { rangeOf } from './time.ts';

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
        examples: ['depth,trade'],
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
      links: nextPageOf('getData', ['start_time', 'end_time', 'limit', 'kind', 'order']),
      schema: {
        tags: ['data'],
        operationId: 'getData',
        security: [{ bearer: [] }],
        summary: 'Records of a pair',
        description: `The latest records, newest first: \`/data/BTCUSDT?limit=1000\`. Those from a time on, oldest first: \`/data/ETHUSDT?start_time=1695211200&limit=5000\`. Passing \`next\` as \`cursor\` goes on right behind the last record, also while newer ones are written; what is written late, with a time that was walked past already, is not given any more: of the last minute, ask again. Such a late record may also make an answer a little longer than \`limit\`. It is a JSON object, CSV (RFC 4180, with a header line; levels are JSON in one field) or NDJSON (a record a line); of the latter two, \`x-next-cursor\` and \`x-record-count\` say what the JSON object does (the count before late records), and \`link\` leads to the next page in all. An answer that breaks off is not whole: the connection ends with an error, also on who reads less than ${sendLimits.bytesPerSecondMin / 1024} KiB a second.`,
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
      const release = (): void => {
        answers -= 1;
      };
      const direction = order === 'asc' ? ('oldest first' as const) : ('newest first' as const);
      const wanted = { symbol, kinds, order: direction };
      const { count, ends, more } = await findDataEnd(relational, { ...wanted, fromMs, toMs, after, limit }).catch(
        (error: unknown) => {
          release();
          throw error;
        },
      );
      const next = more && ends !== undefined ? encodeCursor({ order, symbol, after: ends[1] }) : null;
      reply.headers({ 'content-type': contentTypes[format], vary: 'accept', 'x-record-count': count });
      if (next !== null) {
        const url = new URL(request.url, 'http://localhost');
        url.searchParams.set('cursor', next);
        reply.headers({ 'x-next-cursor': next, link: `<${url.pathname}${url.search}>; rel="next"` });
      }
      if (request.method === 'HEAD') {
        release();
        return reply.send(Readable.from([]));
      }
      const isWhole = kinds.every((kind) => kind === 'snapshot' || kind === 'checkpoint');
      const rows = isWhole ? pageRows.few : pageRows.many;
      async function* readPages(): AsyncGenerator<MarketRecord[]> {
        if (ends === undefined) return;
        yield* streamRecordPages(relational, { ...wanted, first: ends[0], last: ends[1] }, rows);
      }
      const pieces = formatRecords(format, { symbol, order, count, next }, readPages());
      return sendPieces(request, reply, pieces, log, { onEnd: release });
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
