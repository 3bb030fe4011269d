import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { HttpApp } from '../runtime/http.ts';
import type { Cache } from '../stores/cache.ts';
import { createEmbeddedCache } from '../stores/embedded/cache.ts';
import { etagOf } from './caching.ts';

export interface KeptAnswersOptions {
  /** For how long an answer is given again, from when it was made. */
  readonly keepMs: number;
  readonly bytesMax?: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

const bytesMax = 32 * 1024 * 1024;
const json = 'application/json; charset=utf-8';

/**
 * Gives the answer to a GET under `prefix` again, as it was written, to whoever asks the same within `keepMs`; those who ask
 * while it is made share it. However many ask, the stores then answer each question once in that time. For routes that follow,
 * whose answers depend on nothing but the address. Problems are shared and not kept.
 */
export function keepAnswers(app: HttpApp, prefix: string, options: KeptAnswersOptions): void {
  const cache = createEmbeddedCache({ bytesMax, ...options });
  app.addHook('onRoute', (route) => {
    if ([route.method].flat().includes('GET') && route.url.startsWith(prefix))
      route.handler = keeping(cache, options.keepMs, route.handler);
  });
}

function keeping(cache: Cache, keepMs: number, handler: RouteHandlerMethod): RouteHandlerMethod {
  return async function (request: FastifyRequest, reply: FastifyReply) {
    const text = await cache.remember(request.url, keepMs, async () => {
      const write = reply.getSerializationFunction('200', 'application/json');
      if (write === undefined) throw new Error(`${request.routeOptions.url} has no schema of its answer`);
      const body = write((await handler.call(this, request, reply)) as Record<string, unknown>);
      const own = reply.getHeader('etag');
      const etag = typeof own === 'string' ? own : etagOf(body);
      return [etag, reply.getHeader('cache-control'), body].join('\n');
    });
    // Header values have no line ends, so the first two end the headers.
    const first = text.indexOf('\n');
    const second = text.indexOf('\n', first + 1);
    reply.headers({ etag: text.slice(0, first), 'cache-control': text.slice(first + 1, second), 'content-type': json });
    return text.slice(second + 1);
  };
}
