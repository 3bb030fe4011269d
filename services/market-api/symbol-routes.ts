import Type from 'typebox';
import { Status } from '../../catalog/schema/common.ts';
import { Pair } from '../../catalog/schema/pair.ts';
import { SymbolsAnswer, symbolStates } from '../contracts/market-answers.ts';
import { OneOf } from '../contracts/schema.ts';
import { type HttpApp, problemResponses } from '../runtime/http.ts';
import type { RouteDeps } from './deps.ts';
import { readHeld, symbolAnswerOf } from './market-view.ts';
import { memoize } from './memo.ts';

const SymbolsQuery = Type.Object(
  {
    status: Type.Optional(OneOf(Status.enum, { description: 'Only pairs of this status' })),
    market: Type.Optional(OneOf(Pair.properties.market.enum, { description: 'Only pairs of this market' })),
    category: Type.Optional(OneOf(Pair.properties.category.enum, { description: 'Only pairs of this category' })),
    state: Type.Optional(OneOf(symbolStates, { description: 'Only pairs in this state' })),
  },
  { additionalProperties: false },
);

const heldForMs = 2_000;

/** Which pairs there are, and what is held of each. */
export function addSymbolRoutes(app: HttpApp, { catalog, relational, clock }: RouteDeps): void {
  const held = memoize(heldForMs, clock, () => readHeld(relational, catalog.current().catalog.pairs));

  app.get(
    '/symbols',
    {
      schema: {
        tags: ['symbols'],
        operationId: 'listSymbols',
        summary: 'All pairs',
        description: 'Every pair of the catalog in force, retired ones included. Filters add up.',
        querystring: SymbolsQuery,
        response: {
          200: { description: 'The pairs', content: { 'application/json': { schema: SymbolsAnswer } } },
          ...problemResponses({ 400: 'A filter is not valid', 503: 'Try again in a second' }),
        },
      },
    },
    async (request) => {
      const { status, market, category, state } = request.query;
      const known = await held();
      const { catalog: current, digest } = catalog.current();
      const symbols = current.pairs
        .filter((pair) => status === undefined || pair.status === status)
        .filter((pair) => market === undefined || pair.market === market)
        .filter((pair) => category === undefined || pair.category === category)
        .map((pair) => symbolAnswerOf(pair, known, clock()))
        .filter((answer) => state === undefined || answer.state === state)
        .sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
      return { symbols, total: symbols.length, digest };
    },
  );
}
