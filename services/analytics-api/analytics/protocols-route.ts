import Type from 'typebox';
import { nearestFew } from '../../../catalog/nearest.ts';
import type { Network } from '../../../catalog/schema/network.ts';
import type { Protocol } from '../../../catalog/schema/protocol.ts';
import { type BucketName, bucketNames } from '../../contracts/analytics-answers.ts';
import { type ProtocolAnswer, ProtocolsAnswer } from '../../contracts/protocol-answers.ts';
import { OneOf } from '../../contracts/schema.ts';
import {
  type ProtocolSums,
  type ProtocolUses,
  readProtocolSums,
  readProtocolUses,
} from '../../datasets/chain/protocol-sums.ts';
import { type ProtocolWindow, readProtocolWindows } from '../../datasets/chain/read-protocols.ts';
import type { Span } from '../../datasets/chain/span.ts';
import { windowStart } from '../../datasets/chain/window-size.ts';
import type { WindowSums } from '../../datasets/chain/window-sums.ts';
import { type HttpApp, problemResponses } from '../../runtime/http.ts';
import { invalidRequest, ProblemError } from '../../runtime/http-problem.ts';
import type { CatalogInForce } from '../../runtime/live-catalog.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import type { AnalyticsDeps } from '../deps.ts';
import { exampleNetworkOf, getNetwork } from '../network-view.ts';
import { answerTagOf } from './answer-tag.ts';
import { bucketOf, spanAnswerOf, spanOf, WindowParameter } from './asked.ts';
import { networkLabelOf, readSpans, spanFreshnessOf } from './read-spans.ts';

type OnNetwork = ProtocolAnswer['networks'][number];
/** Without volumes where everything is asked for at once. */
type Sums = ProtocolUses & Partial<Pick<ProtocolSums, 'volumes'>>;

/** What is done with the protocols of the catalog. */
export function addProtocolRoutes(app: HttpApp, deps: AnalyticsDeps): void {
  const { catalog, timeseries, version } = deps;
  const querystring = queryOf(catalog.current());
  app.get(
    '/api/v1/analytics/protocols',
    {
      schema: {
        tags: ['analytics'],
        operationId: 'getProtocols',
        summary: 'What is done with the protocols of the catalog',
        description:
          'Calls, events and the amounts they name, of each protocol on each network and together. Asked of a protocol or a network, also volumes and buckets; users are told only of buckets, since the same ones are in several. A protocol that joined the catalog later is counted as far back as raw rows were kept then. A retired protocol stays in the list. How fresh the figures are is said of each network.',
        querystring,
        response: {
          200: { description: 'The protocols', content: { 'application/json': { schema: ProtocolsAnswer } } },
          ...problemResponses({
            400: 'A parameter is not valid, or the answer would be too large',
            404: 'There is no such network or protocol',
            503: 'Try again in a second',
          }),
        },
      },
    },
    async (request, reply) => {
      const { window, bucket, ...named } = request.query;
      const span = spanOf(window);
      const { networks, protocols } = askedOf(catalog.current(), named);
      const size = sizeOf(span, bucket, named, protocols, networks);
      const reading = await readSpans(deps, span, networks);
      const rows = networks.map((network) => ({ ...spanFreshnessOf(network, reading), ...networkLabelOf(network) }));
      // Of everything at once the amounts are left out: there are many, and windows and amounts must be read of the same state.
      const readUses: (...asked: Parameters<typeof readProtocolUses>) => Promise<Sums[]> =
        size === null ? readProtocolUses : readProtocolSums;
      const [sums, windows] = await Promise.all([
        reading.sums.size === 0 ? [] : readUses(timeseries, protocols, span, reading.sums),
        size === null ? [] : readBuckets(timeseries, protocols, reading.sums, size),
      ]);
      const live = new Set(
        rows.filter(({ lag }) => lag.seconds !== null && lag.seconds <= span.seconds).map(({ network }) => network),
      );
      const ids = new Set(networks.map((network) => network.id));
      const answer: ProtocolsAnswer = {
        window: spanAnswerOf(span),
        bucket: size,
        networks: rows,
        protocols: protocols.map((protocol) => {
          const own = sums.filter((each) => each.protocol === protocol.id);
          return {
            protocol: protocol.id,
            name: protocol.name,
            category: protocol.category,
            status: protocol.status,
            totals: totalsOf(own.filter(({ network }) => live.has(network))),
            networks: networksOf(protocol)
              .filter((network) => ids.has(network))
              .map((network) => ({
                network,
                ...figuresOf(own.find((each) => each.network === network)),
                ...(size === null && { volumes: null }),
                buckets: size === null ? null : bucketsOf(windows, protocol.id, network),
              })),
          };
        }),
      };
      reply.header('etag', answerTagOf(version, request.url, answer));
      return answer;
    },
  );
}

/** With examples that there is data of: they fill the fields of the documentation's page. */
function queryOf(current: CatalogInForce) {
  const network = exampleNetworkOf(current);
  const { protocols } = current.catalog;
  const protocol = (protocols.find((each) => networksOf(each).includes(network)) ?? protocols[0])?.id;
  const id = (description: string, example: string | undefined) =>
    Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description, ...(example !== undefined && { examples: [example] }) }),
    );
  return Type.Object(
    {
      network: id('Only what happened on this network', network),
      protocol: id('Only this protocol', protocol),
      window: WindowParameter,
      bucket: Type.Optional(
        OneOf(bucketNames, {
          description: 'How long a bucket is; without it as /activity has it. Needs `protocol` or `network`',
        }),
      ),
    },
    { additionalProperties: false },
  );
}

/** Networks and protocols that an answer is of, by id. Throws a 404 that names those close to one that there is not. */
function askedOf(current: CatalogInForce, named: { network?: string; protocol?: string }) {
  const all = current.catalog.protocols.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const network = named.network === undefined ? undefined : getNetwork(current, named.network);
  const protocol = named.protocol === undefined ? undefined : getProtocol(all, named.protocol);
  const isHere = (each: Protocol) => network === undefined || networksOf(each).includes(network.id);
  const protocols = protocol === undefined ? all.filter(isHere) : [protocol];
  const used = new Set(protocols.flatMap(networksOf));
  return { protocols, networks: network === undefined ? current.networks.filter(({ id }) => used.has(id)) : [network] };
}

function getProtocol(protocols: readonly Protocol[], id: string): Protocol {
  const found = protocols.find((protocol) => protocol.id === id);
  if (found !== undefined) return found;
  const known = protocols.map((protocol) => protocol.id);
  const near = nearestFew(id.replaceAll(/[^a-z0-9]+/gi, '_'), known);
  const hint = near.length === 0 ? '' : `did you mean ${near.map((name) => `"${name}"`).join(' or ')}? `;
  throw new ProblemError({
    status: 404,
    code: 'unknown-protocol',
    title: 'There is no such protocol',
    detail: `The catalog has no protocol "${id.slice(0, 60)}"; ${hint}/api/v1/analytics/protocols lists all ${known.length}.`,
    near,
  });
}

/** Null where nothing is named. Throws a 400 for buckets of everything, and for more of them than an answer holds. */
function sizeOf(
  span: Span,
  bucket: BucketName | undefined,
  named: { network?: string; protocol?: string },
  protocols: readonly Protocol[],
  networks: readonly Network[],
): BucketName | null {
  if (named.network === undefined && named.protocol === undefined) {
    if (bucket === undefined) return null;
    const detail = 'needs `protocol` or `network`: name the one whose buckets you want';
    throw invalidRequest([{ parameter: 'bucket', detail }]);
  }
  const ids = new Set(networks.map(({ id }) => id));
  return bucketOf(span, bucket, protocols.flatMap(networksOf).filter((network) => ids.has(network)).length);
}

/** Those on which it has a contract, each once, by id. */
function networksOf({ contracts }: Protocol): string[] {
  return [...new Set(contracts.map(({ network }) => network))].sort();
}

async function readBuckets(
  timeseries: Timeseries,
  protocols: readonly Protocol[],
  sums: ReadonlyMap<string, WindowSums>,
  size: BucketName,
): Promise<ProtocolWindow[]> {
  const read = [...sums.values()].map(({ network, from, asOf }) =>
    readProtocolWindows(timeseries, protocols, {
      network,
      size,
      fromSeconds: windowStart(size, from),
      toSeconds: asOf.timestamp + 1,
    }),
  );
  return (await Promise.all(read)).flat();
}

function bucketsOf(windows: readonly ProtocolWindow[], protocol: string, network: string): OnNetwork['buckets'] {
  return windows
    .filter((each) => each.protocol === protocol && each.network === network)
    .map(({ start, calls, failedCalls, logs, events, undecoded, users }) => ({
      ...{ start, calls, failedCalls, logs, events, users },
      undecoded: { ...undecoded },
    }));
}

function figuresOf(sums: Sums | undefined): Pick<OnNetwork, 'figures' | 'volumes'> {
  if (sums === undefined) return { figures: null, volumes: [] };
  const { calls, failedCalls, logs, events, undecoded, newestStart, isCurrent, volumes = [] } = sums;
  return {
    figures: { calls, failedCalls, logs, events, undecoded: { ...undecoded }, newest: newestStart, isCurrent },
    volumes: volumes.map((each) => ({ ...each })),
  };
}

function totalsOf(sums: readonly ProtocolUses[]): ProtocolAnswer['totals'] {
  if (sums.length === 0) return null;
  const sum = (of: (each: ProtocolUses) => number) => sums.reduce((total, each) => total + of(each), 0);
  return {
    networks: sums.length,
    calls: sum(({ calls }) => calls),
    failedCalls: sum(({ failedCalls }) => failedCalls),
    logs: sum(({ logs }) => logs),
    events: sum(({ events }) => events),
  };
}
