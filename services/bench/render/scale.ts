import { stringify } from 'yaml';
import { type Catalog, CatalogError, type CatalogFiles, parseCatalog } from '../../../catalog/load.ts';
import type { Environment } from '../../../catalog/schema/environment.ts';
import type { Network } from '../../../catalog/schema/network.ts';
import type { Pair } from '../../../catalog/schema/pair.ts';
import type { Pool } from '../../../catalog/schema/pool.ts';
import type { Service } from '../../../catalog/schema/service.ts';
import type { Topic } from '../../../catalog/schema/topic.ts';

/** How many times as much of each a catalog is to hold. */
export interface Factors {
  /** Pools, each with its clusters, services and topics: objects grow, and every slice stays what it is. */
  readonly pools: number;
  /** Networks and pairs: slices and rules grow, and the objects stay as many. */
  readonly entries: number;
}

/**
 * A larger catalog of the same kind, valid by every rule. Copies bear the number of the copy in their ids, their domain
 * and their endpoints. Files that need no change stay as they are.
 *
 * @throws CatalogError when the catalog given is not valid itself
 */
export function scaleCatalog(files: CatalogFiles, { pools, entries }: Factors): CatalogFiles {
  const { catalog, problems } = parseCatalog(files);
  if (catalog === undefined) throw new CatalogError(problems);
  // Entries first, so that the copies of services know of them.
  if (entries > 1) return scaleCatalog(new Map([...files, ...entryFiles(catalog, entries)]), { pools, entries: 1 });
  return pools > 1 ? new Map([...files, ...poolFiles(catalog, pools)]) : files;
}

/** The sizes that an environment states are those of the copies, too. */
export function scaleEnvironment(environment: Environment, { pools }: Factors): Environment {
  const copy = <T>(record: Readonly<Record<string, T>> | undefined) =>
    record === undefined
      ? undefined
      : Object.fromEntries(
          copies(pools, 1).flatMap((n) => Object.entries(record).map(([id, value]) => [withNumber(id, n), value])),
        );
  const { services, pools: its } = environment;
  return {
    ...environment,
    ...(services === undefined ? {} : { services: copy(services) }),
    ...(its === undefined ? {} : { pools: copy(its) }),
  } as Environment;
}

type File = readonly [path: string, text: string];

/** As people write it, as far as a program can. */
export function yamlOf(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

function poolFiles(catalog: Catalog, factor: number): File[] {
  const topics = copies(factor, 1).flatMap((n) => catalog.topics.map((topic) => copyTopic(topic, n)));
  return [
    ...copies(factor, 2).flatMap((n) => [
      ...catalog.pools.map((pool) => fileOf('pools', copyPool(pool, n))),
      ...catalog.services.map((service) => fileOf('services', copyService(service, n))),
    ]),
    ['topics.yaml', yamlOf({ topics })],
  ];
}

function fileOf(folder: string, entry: Network | Pool | Service): File {
  return [`${folder}/${entry.id}.yaml`, yamlOf(entry)];
}

function copyPool(pool: Pool, n: number): Pool {
  return {
    ...pool,
    id: withNumber(pool.id, n),
    ...(pool.borrows === undefined
      ? {}
      : { borrows: pool.borrows.map((each) => ({ ...each, from: withNumber(each.from, n) })) }),
    ...(pool.cluster === undefined ? {} : { cluster: withNumber(pool.cluster, n) }),
    ...(pool.domain === undefined ? {} : { domain: pool.domain.replace(/^[^.]+/, (label) => withNumber(label, n)) }),
  };
}

/**
 * Ports are one service's alone; no copy's is another's, nor anything's of a pool. A copy does not read pools and services:
 * with their number, its slice would grow.
 */
function copyService(service: Service, n: number): Service {
  return {
    ...service,
    id: withNumber(service.id, n),
    pool: withNumber(service.pool, n),
    ports: service.ports.map((port) => ({ ...port, port: 20_000 + port.port + 100 * n })),
    reads: service.reads.filter((key) => key !== 'pools' && key !== 'services'),
  };
}

function copyTopic(topic: Topic, n: number): Topic {
  return {
    ...topic,
    id: withNumber(topic.id, n),
    pool: withNumber(topic.pool, n),
    producers: topic.producers.map((id) => withNumber(id, n)),
    consumers: topic.consumers.map((id) => withNumber(id, n)),
  };
}

function entryFiles(catalog: Catalog, factor: number): File[] {
  const pairs = copies(factor, 1).flatMap((n) => catalog.pairs.map((pair) => copyPair(pair, n)));
  return [
    ...copies(factor, 2).flatMap((n) => catalog.networks.map((network) => fileOf('networks', copyNetwork(network, n)))),
    ...[...Map.groupBy(pairs, ({ category }) => category)].map(pairFile),
    // As many shards as before, each of them larger: pools have no room for more.
    ...catalog.services.flatMap((service) =>
      service.shards === undefined
        ? []
        : [fileOf('services', { ...service, shards: { ...service.shards, size: service.shards.size * factor } })],
    ),
  ];
}

function copyNetwork(network: Network, n: number): Network {
  const elsewhere = (url: string) => url.replace('://', `://copy${n}.`);
  return {
    ...network,
    id: `${network.id}_${n}`,
    ...(network.chainId === undefined ? {} : { chainId: network.chainId + n * 1e12 }),
    ...(network.aliasOf === undefined ? {} : { aliasOf: `${network.aliasOf}_${n}` }),
    rpc: network.rpc.map((endpoint) => ({ ...endpoint, url: elsewhere(endpoint.url) })),
  };
}

function copyPair(pair: Pair, n: number): Pair {
  if (n === 1) return pair;
  const base = `${pair.base}X${n}`;
  return { ...pair, base, symbol: base + pair.quote };
}

/** What pairs share is said at the top; here only what all pairs must share. */
function pairFile([category, pairs]: [string, readonly Pair[]]): File {
  const [first] = pairs;
  const { exchange, market, owner, quote, priority, status } = first ?? {};
  const items = pairs.map(({ category: _, exchange: __, owner: ___, ...own }) => own);
  return [
    `pairs/${category}.yaml`,
    yamlOf({ category, exchange, market, owner, quote, priority, status, pairs: items }),
  ];
}

/** The numbers of the copies; the first is the original, and bears none. */
function copies(factor: number, first: number): number[] {
  return Array.from({ length: factor - first + 1 }, (_, index) => first + index);
}

function withNumber(id: string, n: number): string {
  return n === 1 ? id : `${id}-${n}`;
}
