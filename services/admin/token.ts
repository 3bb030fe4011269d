import type { IncomingHttpHeaders } from 'node:http';

/** The cookie in which a browser brings its token: catalog/schema/service.ts tells of it. */
const cookieName = 'defimon_token';

/**
 * The `Authorization` that an API asks for which is reached through its gateway, by HTTPS: the caller's own. A neighbour in the
 * cluster asks for none, and gets none.
 */
export function tokenFor(upstream: string, { authorization, cookie }: IncomingHttpHeaders): string | undefined {
  if (!/^(https|wss):/.test(upstream)) return undefined;
  if (authorization !== undefined) return authorization;
  const own = cookie
    ?.split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${cookieName}=`));
  const token = own?.slice(cookieName.length + 1);
  return token === undefined || !/^[\w.-]+$/.test(token) ? undefined : `Bearer ${token}`;
}
