import Type from 'typebox';
import { CandlesAnswer } from '../contracts/market-answers.ts';
import { OneOf } from '../contracts/schema.ts';
import { type Interval, intervalSeconds } from '../datasets/market/bar-read.ts';
import { candlesMax, readCandles } from '../datasets/market/candles.ts';
import { type HttpApp, problemResponses } from '../runtime/http.ts';
import { timeMax } from '../runtime/unix-time.ts';
import type { RouteDeps } from './deps.ts';
import { getPair } from './pairs.ts';
import { LimitParameter, symbolPath, timeBounds } from './query.ts';
import { rangeOf } from './time.ts';

const limitDefault = 500;

const CandlesQuery = Type.Object(
  {
    interval: Type.Optional(
      OneOf(Object.keys(intervalSeconds) as Interval[], { default: '1m', description: 'How long each candle is' }),
    ),
    ...timeBounds,
    limit: LimitParameter(limitDefault, candlesMax, 'Candles'),
  },
  { additionalProperties: false },
);

/** Open, high, low, close and volumes of one pair. */
export function addCandleRoutes(app: HttpApp, { catalog, timeseries }: RouteDeps): void {
  app.get(
    '/candles/:symbol',
    {
      schema: {
        tags: ['data'],
        operationId: 'listCandles',
        summary: 'Candles of a pair',
        description:
          'Those that start within the bounds, oldest first. With start_time the first `limit` of them, without it the latest. Go on with start_time set to just behind the last one.',
        params: symbolPath(catalog.current()),
        querystring: CandlesQuery,
        response: {
          200: { description: 'The candles', content: { 'application/json': { schema: CandlesAnswer } } },
          ...problemResponses({
            400: 'A parameter is not valid',
            404: 'There is no such symbol',
            503: 'Try again in a second',
          }),
        },
      },
    },
    async (request) => {
      const { interval = '1m', limit = limitDefault, start_time } = request.query;
      const { symbol } = getPair(catalog.current(), request.params.symbol);
      const { fromMs = 0, toMs = timeMax } = rangeOf(request.query);
      const order = start_time === undefined ? ('desc' as const) : ('asc' as const);
      const found = await readCandles(timeseries, { symbol, interval, fromMs, toMs: toMs + 1, limit, order });
      const candles = (order === 'asc' ? found : found.toReversed()).map(({ timeMs, isComplete, ...candle }) => ({
        time: timeMs,
        ...candle,
        complete: isComplete,
      }));
      return { symbol, interval, candles };
    },
  );
}
