import type { Plan } from '../../catalog/schema/plan.ts';
import { metadataOf } from '../app.ts';
import { gatewayNamespace } from '../conventions.ts';

/** The class by which Kong knows its own objects. */
export const kongClass = 'kong';

/** Calls of a pool that borrows a store; all of its collectors may be behind one address, and drain an outage. */
export const lentStoreLimit = 'rate-limit-lent-store';
const lentStoreCallsPerMinute = 1200;

/** Ways in which a route asks for a token: in a header, or as a browser can bring it, of a WebSocket or of a page. */
export const tokenPlugins = { header: 'jwt', websocket: 'jwt-websocket', page: 'jwt-page' } as const;

/** Where a browser keeps its token, which it can give neither a WebSocket nor a page in a header. */
const tokenCookie = 'defimon_token';

/** Calls a caller may make a minute, and who counts as one. */
interface RateLimit {
  readonly name: string;
  readonly requestsPerMinute: number;
  /** ip: whoever has no token · token: each one apart, since a plan's callers share its consumer. */
  readonly limitBy: 'ip' | 'token';
}

/** Address of the Redis that the replicas of the gateway count in together; without one each counts alone. */
export interface RateLimitStore {
  readonly host: string;
  readonly port: number;
}

/** The Secret in the gateway's namespace with the password of that Redis. */
export const rateLimitSecret = { name: 'gateway-redis', key: 'password' } as const;

/** Plugins that routes name in their annotation, the same for all of a cluster. */
export function renderPlugins(
  plans: readonly Plan[],
  origins: readonly string[],
  store: RateLimitStore | undefined,
  { isLender }: { readonly isLender: boolean },
): object[] {
  const anonymous = Math.min(...limitsOf(plans).map(({ requestsPerMinute }) => requestsPerMinute));
  return [
    clusterPlugin('cors', 'cors', {
      origins,
      methods: ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'],
      headers: ['Accept', 'Authorization', 'Content-Type', 'If-None-Match', 'X-Request-Id'],
      exposed_headers: [
        'ETag',
        // Where the next page is, of answers whose body has no place for it (CSV).
        'Link',
        'RateLimit-Limit',
        'RateLimit-Remaining',
        'RateLimit-Reset',
        'Retry-After',
        'X-Next-Cursor',
        'X-Record-Count',
        'X-Request-Id',
      ],
      credentials: true,
      max_age: 3600,
    }),
    tokenPlugin(tokenPlugins.header, []),
    tokenPlugin(tokenPlugins.websocket, [tokenCookie]),
    tokenPlugin(tokenPlugins.page, [tokenCookie]),
    clusterPlugin('request-id', 'correlation-id', {
      header_name: 'X-Request-Id',
      generator: 'uuid',
      echo_downstream: true,
    }),
    clusterPlugin('request-size', 'request-size-limiting', {
      allowed_payload_size: 1,
      size_unit: 'megabytes',
      require_content_length: false,
    }),
    metricsPlugin(),
    rateLimitPlugin({ name: 'rate-limit-anonymous', requestsPerMinute: anonymous, limitBy: 'ip' }, store),
    ...(isLender
      ? [rateLimitPlugin({ name: lentStoreLimit, requestsPerMinute: lentStoreCallsPerMinute, limitBy: 'ip' }, store)]
      : []),
    ...limitsOf(plans).map(({ id, requestsPerMinute }) =>
      rateLimitPlugin({ name: `rate-limit-${id}`, requestsPerMinute, limitBy: 'token' }, store, [`plan/${id}`]),
    ),
  ];
}

/**
 * Asks for a token. A cookie goes only where a browser has no other way, and where nothing is changed by who comes with one. The
 * auth service, which answers at the social pool's host, sets it at login for every host of the environment, once for each use, apart by
 * their paths (RFC 6265, 5.1.4):
 *
 * - `defimon_token=<token>; Domain=<environment's domain>; Path=/ws; Secure; HttpOnly; SameSite=Strict`, so that no other site can
 *   open a WebSocket in its owner's name;
 * - `defimon_token=<token>; Domain=<environment's domain>; Path=/admin; Secure; HttpOnly; SameSite=Lax`, so that a link to a page,
 *   in a message of an alert, is opened by whoever is logged in. Lax is sent with a GET that changes what the address bar shows and with
 *   nothing else that another site begins: no form, no frame, no script, no WebSocket. Pages change nothing by a GET.
 *
 * Both live as long as the token in them. HttpOnly keeps it from scripts, which therefore ask below the page's own path.
 */
function tokenPlugin(name: string, cookies: readonly string[]): object {
  return clusterPlugin(name, 'jwt', {
    // The claim says the caller's plan, which is the consumer whose limits hold. Roles are the service's to check.
    key_claim_name: 'plan',
    claims_to_verify: ['exp'],
    maximum_expiration: 86_400, // the brief: sessions of 24 hours
    header_names: ['authorization'],
    // A token in an address would stand in every log on the way.
    uri_param_names: [],
    cookie_names: cookies,
  });
}

/** Plans that limit their callers; without a limit there is nothing to count. */
export function limitsOf(plans: readonly Plan[]): { id: string; requestsPerMinute: number }[] {
  return plans.flatMap(({ id, limits }) =>
    limits.requestsPerMinute === undefined ? [] : [{ id, requestsPerMinute: limits.requestsPerMinute }],
  );
}

function rateLimitPlugin(
  { name, requestsPerMinute, limitBy }: RateLimit,
  store: RateLimitStore | undefined,
  sources: readonly string[] = ['service/gateway'],
): object {
  const shared =
    store === undefined
      ? { config: { policy: 'local' }, patches: [] }
      : {
          config: { policy: 'redis', redis: { ...store, ssl: false, timeout: 500 } },
          patches: [
            {
              path: '/redis/password',
              valueFrom: { secretKeyRef: { namespace: gatewayNamespace, ...rateLimitSecret } },
            },
          ],
        };
  const plugin = clusterPlugin(
    name,
    'rate-limiting',
    {
      minute: requestsPerMinute,
      ...(limitBy === 'ip' ? { limit_by: 'ip' } : { limit_by: 'header', header_name: 'authorization' }),
      // The counter's absence must not close the door; services count by account once more.
      fault_tolerant: true,
      hide_client_headers: false,
      ...shared.config,
    },
    sources,
  );
  return shared.patches.length === 0 ? plugin : { ...plugin, configPatches: shared.patches };
}

/** Calls, their codes and times, for every route without naming it: on the status port, where Prometheus asks. */
function metricsPlugin(): object {
  const { metadata, ...plugin } = clusterPlugin('prometheus', 'prometheus', {
    status_code_metrics: true,
    latency_metrics: true,
    bandwidth_metrics: true,
    upstream_health_metrics: true,
    // Callers are many, and each would be a series.
    per_consumer: false,
  });
  return { ...plugin, metadata: { ...metadata, labels: { ...metadata.labels, global: 'true' } } };
}

function clusterPlugin(name: string, plugin: string, config: object, sources: readonly string[] = ['service/gateway']) {
  return {
    apiVersion: 'configuration.konghq.com/v1',
    kind: 'KongClusterPlugin',
    metadata: metadataOf({
      name,
      wave: 'config',
      sources,
      annotations: { 'kubernetes.io/ingress.class': kongClass },
    }),
    plugin,
    config,
  };
}
