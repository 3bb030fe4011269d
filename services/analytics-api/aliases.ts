import type { FastifyRequest } from 'fastify';
import type { HttpApp } from '../runtime/http.ts';
import type { CatalogInForce, LiveCatalog } from '../runtime/live-catalog.ts';

/** Parameters of a query that name networks, several of them with commas between. */
const queryNames: readonly string[] = ['network', 'networks'];

/** The id under which a network's data is held: of an alias that of the network it stands for, else the one given, known or not. */
export function originalIdOf({ networks }: Pick<CatalogInForce, 'networks'>, id: string): string {
  const { aliasOf } = networks.find((network) => network.id === id) ?? {};
  // An alias of an alias, or of nothing, is refused by the catalog's rule CAT032.
  return aliasOf ?? id;
}

/**
 * Lets all routes be asked of a network by any of its names: `network` in the path, `network` and `networks` in the query. A handler only ever sees the network's own id. The answer to who used an alias says with
 * `Link: <...>; rel="canonical"` (RFC 6596) where it is under the network's own name.
 */
export function resolveAliases(app: HttpApp, catalog: Pick<LiveCatalog, 'current'>): void {
  app.addHook('preHandler', (request, reply, done) => {
    const current = catalog.current();
    const own = (id: string) => originalIdOf(current, id);
    const inPath = replaceIn(textsOf(request.params), ['network'], own);
    const inQuery = replaceIn(textsOf(request.query), queryNames, (ids) => joinedOf(ids, own));
    if (inPath + inQuery > 0) reply.header('link', `<${canonicalUrlOf(request)}>; rel="canonical"`);
    done();
  });
}

/** Each once: who names a network under two names asks of one. */
function joinedOf(ids: string, own: (id: string) => string): string {
  const all = ids.split(',');
  const owned = all.map(own);
  return owned.some((id, at) => id !== all[at]) ? [...new Set(owned)].join(',') : ids;
}

/** Replaces values in place; gives how many were. */
function replaceIn(values: Record<string, unknown>, names: readonly string[], own: (value: string) => string): number {
  let count = 0;
  for (const name of names) {
    const value = values[name];
    if (typeof value !== 'string' || own(value) === value) continue;
    values[name] = own(value);
    count += 1;
  }
  return count;
}

/** The address with what `request` has in the place of the aliases, and all else as it was written. */
function canonicalUrlOf(request: FastifyRequest): string {
  const [path = '/', ...rest] = request.url.split('?');
  const pattern = request.routeOptions.url?.split('/') ?? [];
  const params = textsOf(request.params);
  const query = textsOf(request.query);
  const segments = path
    .split('/')
    .map((segment, at) => (pattern[at] === ':network' ? encodeURIComponent(String(params.network)) : segment));
  const pairs = rest.join('?').split('&');
  const replaced = pairs.map((pair) => {
    const name = queryNames.find((each) => pair.startsWith(`${each}=`));
    return name === undefined ? pair : `${name}=${String(query[name]).split(',').map(encodeURIComponent).join(',')}`;
  });
  const url = rest.length === 0 ? segments.join('/') : `${segments.join('/')}?${replaced.join('&')}`;
  // Between angle brackets these would end the link.
  return url.replaceAll(/[<>\s"]/g, encodeURIComponent);
}

function textsOf(values: unknown): Record<string, unknown> {
  return typeof values === 'object' && values !== null ? (values as Record<string, unknown>) : {};
}
