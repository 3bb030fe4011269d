import Type from 'typebox';
import { Status } from '../../catalog/schema/common.ts';
import { NetworkKind } from '../../catalog/schema/network.ts';
import { NetworkAnswer, NetworksAnswer, syncStates } from '../contracts/chain-answers.ts';
import { OneOf, shared } from '../contracts/schema.ts';
import { findStatus } from '../datasets/chain/read.ts';
import { readStatusBriefly } from '../datasets/chain/status.ts';
import { type HttpApp, problemResponses } from '../runtime/http.ts';
import { jsonType } from './caching.ts';
import type { AnalyticsDeps } from './deps.ts';
import { exampleNetworkOf, getNetwork, networkAnswerOf, networkJsonOf, syncAnswerOf } from './network-view.ts';

const tags = ['networks'];

/** `example` fills the field of the documentation's page, so that a first try finds data. */
export const networkPath = (example: string) => ({
  network: Type.String({
    description: 'Network id, as in `optimism` or `arbitrum_one`, or another name of it',
    examples: [example],
  }),
});
const NoQuery = Type.Object({}, { additionalProperties: false });
const NetworksQuery = Type.Object(
  {
    status: Type.Optional(OneOf(Status.enum, { description: 'Only networks of this status' })),
    kind: Type.Optional(OneOf(NetworkKind.enum, { description: 'Only networks of this kind' })),
    phase: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 3, examples: [1], description: 'Only networks of this phase' }),
    ),
    minPriority: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10,
        examples: [8],
        description: 'Only networks of this priority or a higher one',
      }),
    ),
    state: Type.Optional(OneOf(syncStates, { description: 'Only networks in this state of sync' })),
  },
  { additionalProperties: false },
);

/** Which networks there are, and how far each is synced. */
export function addNetworkRoutes(app: HttpApp, { catalog, relational }: AnalyticsDeps): void {
  app.get(
    '/api/v1/l2/networks',
    {
      schema: {
        tags,
        operationId: 'listNetworks',
        summary: 'All networks',
        description:
          'Every network of the catalog in force, retired ones included, with the state of its sync. Other names of a network are entries of their own, with `aliasOf`. Filters add up.',
        querystring: NetworksQuery,
        response: {
          200: { description: 'The networks', content: { 'application/json': { schema: NetworksAnswer } } },
          ...problemResponses({ 400: 'A filter is not valid', 503: 'Try again in a second' }),
        },
      },
    },
    async (request, reply) => {
      const { status, kind, phase, minPriority = 1, state } = request.query;
      const reported = new Map((await readStatusBriefly(relational)).map((each) => [each.report.network, each]));
      const { networks, digest } = catalog.current();
      const fitting = networks
        .filter((network) => status === undefined || network.status === status)
        .filter((network) => kind === undefined || network.kind === kind)
        .filter((network) => phase === undefined || network.phase === phase)
        .filter((network) => network.priority >= minPriority)
        .map((network) => ({ network, sync: syncAnswerOf(network, reported.get(network.id)) }))
        .filter(({ sync }) => state === undefined || sync.state === state)
        .map(({ network, sync }) => networkJsonOf(network, sync));
      reply.type(jsonType);
      return `{"networks":[${fitting.join(',')}],"total":${fitting.length},"digest":${JSON.stringify(digest)}}`;
    },
  );

  app.get(
    '/api/v1/l2/networks/:network',
    {
      schema: {
        tags,
        operationId: 'getNetwork',
        summary: 'One network',
        description: 'Asked by another name of it, this is the network itself: `id` is its own.',
        params: Type.Object(networkPath(exampleNetworkOf(catalog.current())), { additionalProperties: false }),
        querystring: NoQuery,
        response: {
          200: {
            description: 'The network',
            content: { 'application/json': { schema: shared('Network', NetworkAnswer) } },
          },
          ...problemResponses({
            400: 'A parameter is not valid',
            404: 'There is no such network',
            503: 'Try again in a second',
          }),
        },
      },
    },
    async (request) => {
      const network = getNetwork(catalog.current(), request.params.network);
      return networkAnswerOf(network, await findStatus(relational, network.id));
    },
  );
}
