import { opsPort } from '../../catalog/ops-port.ts';
import { parseCpuMillis, parseMiB } from '../../catalog/quantities.ts';
import type { Resources, StoreKind } from '../../catalog/schema/common.ts';
import { Environment } from '../../catalog/schema/environment.ts';
import type { Service } from '../../catalog/schema/service.ts';
import { watchedServices } from '../apps/neighbours.ts';
import type { JsonObject } from '../emit/yaml.ts';
import { grafanaPort } from '../gateway/grafana.ts';
import { passwords, storeServices } from './stores.ts';

/** What services keep between two starts: the folder that the image has for it, writable by whoever runs there. */
const dataFolder = '/app/.data';

/**
 * What a service calls at addresses of its own machine, as environment.yaml of local has them: it then shares the network of what
 * stands there, as containers of one pod do.
 */
const neighbours: Readonly<
  Record<string, { readonly network: string; readonly target: string; readonly keeps: boolean }>
> = {
  'chain-sync': { network: 'chain-machine', target: 'local-chains', keeps: true },
  'market-collector': { network: 'market-machine', target: 'local-exchange', keeps: false },
};

/** Address of a neighbour's own metrics: another of the machine's loopback, since its port is everyone's. */
const neighbourHost = '127.0.0.2';

const build = { context: '../..', dockerfile: 'services/Dockerfile' };
const image = { image: 'defimon:local', build };
/** With the packages that only a laptop uses: anvil is one of them. */
const laptopImage = {
  image: 'defimon:laptop',
  build: { ...build, args: { OMIT: 'dev' } },
};

/** Services of the catalog that are containers here: those in the image, but for what Kong does and what runs at night. */
export function composedServices(services: readonly Service[]): Service[] {
  return services.filter(
    ({ released, workload }) => released && workload?.kind !== 'kong' && workload?.kind !== 'cronjob',
  );
}

/** Where the metrics and health of a service are, in the network of all. */
export function opsHostOf(id: string): string {
  return neighbours[id]?.network ?? id;
}

/** A service as a container among the others, whole: a laptop needs no shards. */
export function renderService(service: Service, others: readonly Service[]): JsonObject {
  const { id, needs, ports, resources, volume, calls = [] } = service;
  const neighbour = neighbours[id];
  // In a network that is shared, only the machine's own name is free.
  const host = neighbour?.network ?? '0.0.0.0';
  return {
    ...image,
    ...ours,
    command: commandOf(id, host, volume === undefined ? '/tmp/defimon' : dataFolder),
    environment: { ...environmentOf(service), ...neighbourAddresses(service, others) },
    ...(neighbour === undefined ? {} : { network_mode: `service:${neighbour.network}` }),
    ...(ports.length === 0 ? {} : { ports: ports.filter((one) => one.public).map(({ port }) => publish(port)) }),
    volumes: [
      catalogMount,
      ...(service.watches === true ? environmentMounts : []),
      ...(volume === undefined ? [] : [`${id}-data:${dataFolder}`]),
    ],
    depends_on: Object.fromEntries([
      ...calls.filter((call) => isAmong(others, call.service)).map((call) => [call.service, healthy]),
      ...needs.flatMap((kind) => (storeServices[kind] === undefined ? [] : [[storeServices[kind], healthy]])),
      ...(neighbour === undefined ? [] : [[neighbour.target, healthy]]),
    ]),
    healthcheck: readiness(neighbour?.network ?? '127.0.0.1'),
    deploy: limitsOf(resources.limits ?? resources.requests),
  };
}

/** The chains and the exchange that services follow where there is no internet, and the networks they share with them. */
export function renderNeighbours(services: readonly Service[]): Record<string, JsonObject> {
  const present = services.flatMap(({ id }) => neighbours[id] ?? []);
  return Object.fromEntries(
    present.flatMap(({ network, target, keeps }) => [
      [network, renderNetworkHolder()],
      [
        target,
        {
          ...(target === 'local-chains' ? laptopImage : image),
          ...ours,
          // Its nodes end with it.
          init: true,
          command: commandOf(target, neighbourHost, keeps ? dataFolder : '/tmp/defimon'),
          network_mode: `service:${network}`,
          // Where anvil looks for settings of its user, who has no home.
          ...(target === 'local-chains' ? { environment: { HOME: '/tmp' } } : {}),
          volumes: [catalogMount, ...(keeps ? [`${target}-data:${dataFolder}`] : [])],
          depends_on: { [network]: healthy },
          healthcheck: readiness(neighbourHost),
          deploy: limitsOf({ cpu: '2', memory: '1Gi' }),
        },
      ],
    ]),
  );
}

/** Volumes of services and their neighbours. */
export function volumesOf(services: readonly Service[]): string[] {
  return [
    ...services.flatMap(({ id, volume }) => (volume === undefined ? [] : [`${id}-data`])),
    ...services.flatMap(({ id }) => (neighbours[id]?.keeps === true ? [`${neighbours[id].target}-data`] : [])),
  ];
}

/** Does nothing but hold a network, which would go with a container that is started again. */
function renderNetworkHolder(): JsonObject {
  return {
    ...image,
    ...ours,
    init: true,
    entrypoint: ['sleep', 'infinity'],
    healthcheck: { test: ['CMD', 'true'], interval: '30s', timeout: '5s', retries: 3 },
    deploy: limitsOf({ cpu: '100m', memory: '32Mi' }),
  };
}

/** As pods run: nothing to write to but /tmp and volumes, and no rights to gain. */
const ours: JsonObject = {
  restart: 'unless-stopped',
  read_only: true,
  tmpfs: ['/tmp'],
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  // As long as pods have: a batch in hand may wait for a store.
  stop_grace_period: '1m',
};

/** A saved change of the catalog reaches containers as it does `npm start`. */
const catalogMount = '../../catalog:/catalog:ro';

/** What each environment holds, for whoever shows it: not the folder of this one, whose .env is nobody's to read. */
const environmentMounts = Environment.properties.name.enum
  .filter((name) => name !== 'local')
  .map((name) => `../${name}:/app/environments/${name}:ro`);

function commandOf(target: string, host: string, dataDir: string): string[] {
  return [`--target=${target}`, '--environment=local', '--catalog=/catalog', `--host=${host}`, `--data-dir=${dataDir}`];
}

/** Addresses of the stores that it needs, and the secrets that the catalog says it has, as far as a laptop has them. */
function environmentOf({ needs, ports, secrets = [] }: Service): Record<string, string> {
  const own = secrets.flatMap(({ env }) => (passwords[env] === undefined ? [] : [[env, passwords[env].text]]));
  return Object.fromEntries([
    ...needs.flatMap((kind) => Object.entries(addresses[kind] ?? {})),
    ...own,
    ...(ports.length === 0 ? [] : [['API_SECRET_KEY', passwords.API_SECRET_KEY?.text]]),
  ]);
}

/** Where it finds the others that it calls or watches, as far as they are here. */
function neighbourAddresses({ calls = [], watches }: Service, others: readonly Service[]): Record<string, string> {
  const called = calls.flatMap(({ env, service, port }) => {
    const number = others.find(({ id }) => id === service)?.ports.find(({ name }) => name === port)?.port;
    return number === undefined ? [] : [[env, `http://${service}:${number}`]];
  });
  const watched = {
    OPS_URLS: watchedServices(others)
      .map(({ id }) => `http://${opsHostOf(id)}:${opsPort}`)
      .join(','),
    GRAFANA_URL: `http://localhost:${grafanaPort}`,
  };
  return { ...Object.fromEntries(called), ...(watches === true ? watched : {}) };
}

function isAmong(services: readonly Service[], id: string): boolean {
  return services.some((one) => one.id === id);
}

const addresses: Partial<Record<StoreKind, Readonly<Record<string, string>>>> = {
  // In parts, so that a password may hold any character.
  relational: {
    DB_HOST: 'postgres',
    DB_PORT: '5432',
    DB_NAME: 'defimon',
    DB_USER: 'defimon',
    DB_PASSWORD: passwords.POSTGRES_PASSWORD?.text ?? '',
  },
  timeseries: { CLICKHOUSE_URL: `http://defimon:${passwords.CLICKHOUSE_PASSWORD?.text}@clickhouse:8123/default` },
  cache: { REDIS_URL: 'redis://redis:6379' },
  bus: { KAFKA_BROKERS: 'kafka:29092' },
};

export const healthy: JsonObject = { condition: 'service_healthy' };

/** On this machine alone. */
export function publish(port: number, inside: number = port): string {
  return `127.0.0.1:${port}:${inside}`;
}

function readiness(host: string): JsonObject {
  // What is thrown and not caught ends the program with 1.
  const program = `fetch('http://${host}:${opsPort}/readyz').then(({ ok }) => { if (!ok) throw new Error('not ready') })`;
  return {
    test: ['CMD', 'node', '-e', program],
    interval: '10s',
    timeout: '5s',
    retries: 6,
    // A first start makes every table.
    start_period: '2m',
    start_interval: '2s',
  };
}

/** A limit of Kubernetes, in Compose's words. */
export function limitsOf({ cpu, memory }: NonNullable<Resources['limits']>): JsonObject {
  return { resources: { limits: { cpus: String(parseCpuMillis(cpu) / 1000), memory: `${parseMiB(memory)}m` } } };
}
