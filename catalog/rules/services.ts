import { suggest } from '../nearest.ts';
import { parseCpuMillis, parseMiB } from '../quantities.ts';
import { at, clashes, placeName, type Rule } from '../rule.ts';
import type { Resources } from '../schema/common.ts';
import type { PoolStore } from '../schema/pool.ts';
import type { CatalogView, Entry } from '../view.ts';
import type { Path } from '../yaml.ts';

/** Where the stores listen, by the brief: a service in the same pool must not. */
const storePorts: Partial<Record<PoolStore['engine'], number>> = {
  postgresql: 5432,
  clickhouse: 8123,
  redis: 6379,
  kafka: 9092,
};

export const serviceRules: readonly Rule[] = [
  {
    code: 'CAT080',
    rule: "a service's pool exists",
    why: 'it would be rendered into no cluster',
    *check(view) {
      for (const entry of view.of('service')) {
        const { pool } = entry.value;
        if (!view.isKnown('pool', pool))
          yield at(entry, ['pool'], `unknown pool "${pool}"`, suggest(pool, view.ids('pool')));
      }
    },
  },
  {
    code: 'CAT081',
    rule: "a service's namespace is one of its pool's",
    why: "Argo CD's project would refuse it",
    *check(view) {
      for (const entry of view.of('service')) {
        const { namespace, pool } = entry.value;
        const namespaces = view.find('pool', pool)?.value.namespaces;
        if (namespaces === undefined || namespaces.includes(namespace)) continue;
        const message = `pool "${pool}" has no namespace "${namespace}"`;
        yield at(entry, ['namespace'], message, suggest(namespace, namespaces));
      }
    },
  },
  {
    code: 'CAT082',
    rule: 'a store that a service needs is one its pool provides or borrows',
    why: 'the service would start and never become ready',
    *check(view) {
      for (const entry of view.of('service')) {
        const pool = view.find('pool', entry.value.pool)?.value;
        if (pool === undefined) continue;
        const provided = [...pool.stores, ...(pool.borrows ?? [])].map(({ kind }) => kind);
        for (const [index, store] of entry.value.needs.entries()) {
          if (provided.includes(store)) continue;
          const message = `pool "${pool.id}" provides no ${store} store (it has ${provided.join(', ') || 'none'})`;
          yield at(entry, ['needs', index], message, `add it to catalog/pools/${pool.id}.yaml, or do without`);
        }
      }
    },
  },
  {
    code: 'CAT083',
    rule: "a port is one service's, and no store's or workload's of its pool",
    why: '"npm start" runs every service in one process, and a pool has one address',
    *check(view) {
      const taken = new Map<number, { entry: Entry<'service'>; path: Path }>();
      const nameOf = ({ entry, path }: { entry: Entry; path: Path }) => `${entry.id} (${placeName(entry, path)})`;
      for (const entry of view.of('service')) {
        const names = new Set<string>();
        for (const [index, { name, port }] of entry.value.ports.entries()) {
          const path = ['ports', index, 'port'];
          const other = taken.get(port);
          const owner = other === undefined ? ownerOfPort(view, entry, port) : nameOf(other);
          if (owner !== undefined) yield at(entry, path, `port ${port} is already that of ${owner}`, 'choose another');
          else taken.set(port, { entry, path });
          if (names.has(name)) yield at(entry, ['ports', index, 'name'], `port "${name}" stands twice`, 'rename one');
          names.add(name);
        }
      }
    },
  },
  {
    code: 'CAT084',
    rule: 'a path of a domain leads to one service',
    why: 'the gateway would choose one of the two, and not always the same',
    *check(view) {
      const routes = view.of('service').flatMap((entry) =>
        entry.value.routes.map(({ path }, index) => ({
          ...entry,
          route: path.replace(/(.)\/+$/, '$1'),
          index,
          entry,
        })),
      );
      for (const { first, second } of clashes(routes, ({ value, route }) => `${value.pool} ${route}`)) {
        const at2: Path = ['routes', second.index, 'path'];
        const message = `path ${second.route} already leads to "${first.id}" (${placeName(first.entry, ['routes', first.index, 'path'])})`;
        yield at(second.entry, at2, message, 'choose another path');
      }
    },
  },
  {
    code: 'CAT085',
    rule: 'a route names a public port of its service',
    why: 'calls from outside would be refused',
    *check(view) {
      for (const entry of view.of('service')) {
        const { ports, routes } = entry.value;
        const names = ports.map(({ name }) => name);
        for (const [index, { port }] of routes.entries()) {
          const path = ['routes', index, 'port'];
          const found = ports.find(({ name }) => name === port);
          if (found === undefined) yield at(entry, path, `unknown port "${port}"`, suggest(port, names));
          else if (found.public !== true) {
            const fix = 'set "public: true" on the port, or remove the route';
            yield at(entry, path, `port "${port}" is not public`, fix);
          }
        }
      }
    },
  },
  {
    code: 'CAT086',
    rule: 'roles are asked of a caller with a token, and a cookie is read where a token is asked for',
    why: 'a route without a token has no role to check: it would be open to all',
    *check(view) {
      for (const entry of view.of('service')) {
        for (const [index, { auth, roles, ...cookies }] of entry.value.routes.entries()) {
          if (auth === 'jwt') continue;
          const path = ['routes', index];
          const but = `but auth is "${auth}"`;
          if (roles !== undefined)
            yield at(
              entry,
              [...path, 'roles'],
              `the route asks for roles, ${but}`,
              'set "auth: jwt", or remove the roles',
            );
          for (const key of ['websocket', 'page'] as const) {
            if (cookies[key] === undefined) continue;
            const message = `the route takes a token from a cookie, ${but}`;
            yield at(entry, [...path, key], message, `set "auth: jwt", or remove "${key}"`);
          }
        }
      }
    },
  },
  {
    code: 'CAT087',
    rule: 'a released service has a pool with a provider',
    why: 'there is nowhere to deploy it',
    *check(view) {
      for (const entry of view.of('service')) {
        const { released, pool } = entry.value;
        if (!released || view.find('pool', pool)?.value.provider !== 'undecided') continue;
        const message = `"${entry.id}" is released, but pool "${pool}" has no provider`;
        yield at(entry, ['released'], message, 'set "released: false" until there is one');
      }
    },
  },
  {
    code: 'CAT088',
    rule: 'nothing asks for more than its limit',
    why: 'Kubernetes refuses such a pod',
    *check(view) {
      for (const entry of view.of('service')) {
        for (const message of overLimits(entry.value.resources)) {
          yield at(entry, ['resources', 'requests'], message, 'raise the limit or ask for less');
        }
      }
      for (const entry of view.of('pool')) {
        for (const list of ['stores', 'workloads'] as const) {
          for (const [index, { resources }] of (entry.value[list] ?? []).entries()) {
            if (resources === undefined) continue;
            for (const message of overLimits(resources)) {
              yield at(entry, [list, index, 'resources', 'requests'], message, 'raise the limit or ask for less');
            }
          }
        }
      }
    },
  },
  {
    code: 'CAT089',
    rule: 'an environment variable is set once',
    why: 'the last one would win without a word',
    *check(view) {
      for (const entry of view.of('service')) {
        const seen = new Set<string>();
        for (const list of ['secrets', 'calls'] as const) {
          for (const [index, { env }] of (entry.value[list] ?? []).entries()) {
            if (seen.has(env)) yield at(entry, [list, index, 'env'], `${env} is set twice`, 'keep one of the two');
            seen.add(env);
          }
        }
      }
    },
  },
  {
    code: 'CAT090',
    rule: 'a service calls ports that others have, and those of another pool in public',
    why: 'it would be told an address where nobody answers',
    *check(view) {
      for (const entry of view.of('service')) {
        for (const [index, { service, port }] of (entry.value.calls ?? []).entries()) {
          const path = ['calls', index];
          const called = view.find('service', service)?.value;
          if (!view.isKnown('service', service)) {
            const fix = suggest(service, view.ids('service'));
            yield at(entry, [...path, 'service'], `unknown service "${service}"`, fix);
          }
          if (called === undefined) continue;
          const names = called.ports.map(({ name }) => name);
          if (!names.includes(port)) {
            yield at(entry, [...path, 'port'], `"${service}" has no port "${port}"`, suggest(port, names));
          } else if (called.pool !== entry.value.pool && !called.routes.some((route) => route.port === port)) {
            const message = `port "${port}" of "${service}" is not reached from pool "${entry.value.pool}"`;
            yield at(entry, [...path, 'port'], message, `give it a route in catalog/services/${service}.yaml`);
          }
        }
      }
    },
  },
];

/** A sentence for each resource asked for above its limit. */
export function overLimits({ requests, limits }: Resources): string[] {
  if (limits === undefined) return [];
  const messages: string[] = [];
  if (parseCpuMillis(requests.cpu) > parseCpuMillis(limits.cpu)) {
    messages.push(`cpu ${requests.cpu} is asked for above the limit ${limits.cpu}`);
  }
  if (parseMiB(requests.memory) > parseMiB(limits.memory)) {
    messages.push(`memory ${requests.memory} is asked for above the limit ${limits.memory}`);
  }
  return messages;
}

function ownerOfPort(view: CatalogView, service: Entry<'service'>, port: number): string | undefined {
  const pool = view.find('pool', service.value.pool)?.value;
  const workload = pool?.workloads?.find((one) => one.port === port);
  if (workload !== undefined) return `${workload.id} in pool "${pool?.id}"`;
  const store = pool?.stores.find(({ engine, managed }) => !managed && storePorts[engine] === port);
  return store === undefined ? undefined : `${store.engine} in pool "${pool?.id}"`;
}
