import Type from 'typebox';
import { ReorgsAnswer } from '../contracts/chain-answers.ts';
import { readView } from '../datasets/chain/read.ts';
import { readReorgs } from '../datasets/chain/reorgs.ts';
import { type HttpApp, problemResponses } from '../runtime/http.ts';
import { etagOf } from './caching.ts';
import type { AnalyticsDeps } from './deps.ts';
import { networkPath } from './network-routes.ts';
import { exampleNetworkOf, freshnessOf, getNetwork, syncNoteOf } from './network-view.ts';

const limitDefault = 50;

/** The reorganisations of a network that were followed. */
export function addReorgRoutes(app: HttpApp, { catalog, relational, version }: AnalyticsDeps): void {
  app.get(
    '/api/v1/l2/networks/:network/reorgs',
    {
      schema: {
        tags: ['chain data'],
        operationId: 'listReorgs',
        summary: 'Reorganisations of a network, newest first',
        description:
          'Blocks that were held and left the canonical chain since the network is followed. For older ones, pass `at` of the last as `before`.',
        params: Type.Object(networkPath(exampleNetworkOf(catalog.current())), { additionalProperties: false }),
        querystring: Type.Object(
          {
            limit: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: 500,
                default: limitDefault,
                examples: [20],
                description: 'Reorganisations in one answer',
              }),
            ),
            before: Type.Optional(
              Type.Integer({
                minimum: 0,
                maximum: Number.MAX_SAFE_INTEGER,
                examples: [1893456000000],
                description: 'Only those followed before this; Unix milliseconds',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          200: { description: 'The log', content: { 'application/json': { schema: ReorgsAnswer } } },
          ...problemResponses({
            400: 'A parameter is not valid',
            404: 'There is no such network',
            503: 'Try again in a second',
          }),
        },
      },
    },
    async (request, reply) => {
      const network = getNetwork(catalog.current(), request.params.network);
      const { limit = limitDefault, before: beforeMs } = request.query;
      // In this order: the log is then never older than the block that it goes with.
      const { view } = await readView(relational, network.id);
      const reorgs = await readReorgs(relational, network.id, { limit, beforeMs });
      const sync = syncNoteOf(network, view.reported);
      reply.header('etag', etagOf(version, request.url, reorgs, sync));
      return {
        ...freshnessOf(network, view, sync),
        reorgs: reorgs.map(({ atMs, orphans }) => ({
          at: atMs,
          depth: orphans.length,
          fromBlock: Math.min(...orphans.map(({ number }) => number)),
          toBlock: Math.max(...orphans.map(({ number }) => number)),
          blocks: orphans.map(({ txCount, ...block }) => ({ ...block, transactions: txCount })),
        })),
      };
    },
  );
}
