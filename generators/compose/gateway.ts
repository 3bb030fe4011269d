import type { Plan } from '../../catalog/schema/plan.ts';
import type { Service } from '../../catalog/schema/service.ts';
import { type JsonObject, writeYaml } from '../emit/yaml.ts';
import { nginxSettings } from '../gateway/nginx-directives.ts';
import { limitsOf as limitsOfPlans, renderPlugins } from '../gateway/plugins.ts';
import { pluginsFor } from '../gateway/routes.ts';
import { passwords } from './stores.ts';

/** What renderPlugins makes, as far as it is asked here. */
interface Plugin {
  readonly metadata: { readonly name: string };
  readonly plugin: string;
  readonly config: JsonObject;
}

/**
 * Kong's whole configuration, as it reads it without a database: the routes, tokens and limits that clusters have, from the same
 * plugins. The key of tokens is filled in by Compose.
 */
export function renderKongConfig(services: readonly Service[], plans: readonly Plan[]): string {
  const rendered = renderPlugins(plans, ['https://localhost:8443', 'http://localhost:3000'], undefined, {
    isLender: false,
  }) as readonly Plugin[];
  const plugins = new Map(rendered.map((one) => [one.metadata.name, { name: one.plugin, config: one.config }]));
  const pluginOf = (name: string): JsonObject => {
    const plugin = plugins.get(name);
    if (plugin === undefined) throw new Error(`routes ask for plugin ${name}, which is not there`);
    return plugin;
  };
  const limited = new Set(limitsOfPlans(plans).map(({ id }) => id));
  const text = writeYaml({
    _format_version: '3.0',
    services: services.flatMap(({ id, ports, routes }) =>
      ports.flatMap(({ name, port }) => {
        const its = routes.filter((route) => route.port === name);
        if (its.length === 0) return [];
        return [
          {
            name: `${id}-${name}`,
            url: `http://${id}:${port}`,
            routes: its.map((route) => ({
              name: `${id}${route.path.replaceAll('/', '-')}`,
              paths: [route.path],
              protocols: ['https'],
              strip_path: false,
              plugins: pluginsFor(route)
                .filter((name) => !ofAll.includes(name))
                .map(pluginOf),
            })),
          },
        ];
      }),
    ),
    consumers: plans.map(({ id }) => ({
      username: id,
      jwt_secrets: [{ key: id, algorithm: 'HS256', secret: secretMark }],
      ...(limited.has(id) ? { plugins: [pluginOf(`rate-limit-${id}`)] } : {}),
    })),
    plugins: ofAll.map(pluginOf),
  });
  // What else looks like a variable to Compose is none.
  return text.replaceAll('$', '$$$$').replaceAll(secretMark, passwords.JWT_SECRET?.text.replaceAll('$', '$$$$') ?? '');
}

/** What every route has; stated once, it is read once. */
const ofAll = ['prometheus', 'request-id', 'cors'];

/** A word that YAML needs no quotes for. */
const secretMark = 'the-key-of-tokens';

/** Kong at the brief's port, with a certificate of its own making. */
export function renderGateway(
  config: string,
  dependsOn: JsonObject,
  publish: (port: number) => string,
  limitsOf: (limits: { cpu: string; memory: string }) => JsonObject,
): JsonObject {
  return {
    image: 'docker.io/library/kong:3.9.1',
    restart: 'unless-stopped',
    environment: {
      KONG_DATABASE: 'off',
      KONG_DECLARATIVE_CONFIG_STRING: config,
      KONG_PROXY_LISTEN: '0.0.0.0:8443 ssl http2',
      KONG_ADMIN_LISTEN: 'off',
      KONG_STATUS_LISTEN: '0.0.0.0:8100',
      KONG_NGINX_WORKER_PROCESSES: '1',
      KONG_HEADERS: 'off',
      ...variablesOf(nginxSettings()),
      KONG_PROXY_ACCESS_LOG: '/dev/stdout',
      KONG_PROXY_ERROR_LOG: '/dev/stderr',
    },
    ports: [publish(8443)],
    depends_on: dependsOn,
    healthcheck: { test: ['CMD', 'kong', 'health'], interval: '10s', timeout: '10s', retries: 6, start_period: '30s' },
    deploy: limitsOf({ cpu: '1', memory: '512Mi' }),
  };
}

/** Settings of Kong as its variables. */
function variablesOf(settings: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [`KONG_${name.toUpperCase()}`, value]));
}
