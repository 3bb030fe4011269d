import Type from 'typebox';
import type { CatalogInForce } from '../runtime/live-catalog.ts';
import { timeMax, timeRule } from '../runtime/unix-time.ts';

const closed = { additionalProperties: false };

export const NoQuery = Type.Object({}, closed);

/** `examples` fills the field of the documentation's page, so that a first try finds data. */
export function symbolPath(current: CatalogInForce) {
  const known = current.catalog.pairs.map(({ symbol }) => symbol);
  const example = known.includes('BTCUSDT') ? 'BTCUSDT' : (known[0] ?? 'BTCUSDT');
  return Type.Object(
    { symbol: Type.String({ description: 'A pair by its symbol, in upper or lower case', examples: [example] }) },
    closed,
  );
}

export const TimeParameter = (description: string, options: { examples?: number[] } = {}) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: timeMax, description: `${description}. ${timeRule}`, ...options }));

export const timeBounds = {
  start_time: TimeParameter('Nothing before it; itself included', { examples: [1_695_211_200] }),
  end_time: TimeParameter('Nothing after it; itself included, in seconds the whole second', {
    examples: [1_893_456_000_000],
  }),
};

export const LimitParameter = (standard: number, maximum: number, what: string) =>
  Type.Optional(
    Type.Integer({ minimum: 1, maximum, default: standard, examples: [10], description: `${what} in one answer` }),
  );

/** Where a page leads to, in the words of OpenAPI: `next` of the answer, with the same other parameters. */
export function nextPageOf(operationId: string, kept: readonly string[]) {
  const same = Object.fromEntries(kept.map((name) => [`query.${name}`, `$request.query.${name}`]));
  return {
    200: {
      next: {
        operationId,
        description: 'The following rows',
        parameters: { 'path.symbol': '$request.path.symbol', ...same, 'query.cursor': '$response.body#/next' },
      },
    },
  };
}
