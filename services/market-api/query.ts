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

export const TimeParameter = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: timeMax, description: `${description}. ${timeRule}` }));

export const timeBounds = {
  start_time: TimeParameter('Nothing before it; itself included'),
  end_time: TimeParameter('Nothing after it; itself included, in seconds the whole second'),
};

export const LimitParameter = (standard: number, maximum: number, what: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum, default: standard, description: `${what} in one answer` }));
