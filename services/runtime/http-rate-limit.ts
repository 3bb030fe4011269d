import rateLimit from '@fastify/rate-limit';
import type { preHandlerAsyncHookHandler } from 'fastify';
import { cacheTtls } from './cache-ttls.ts';
import { callerOf } from './caller.ts';
import type { HttpApp } from './http.ts';
import { ProblemError, problemContentType } from './http-problem.ts';

export interface RateLimit {
  /** Of one caller, over all replicas that count in the same cache; at least 1. The brief: 100. */
  readonly requestsPerMinute: number;
  readonly cache: RequestCounter;
}

/** As much of a cache as counting takes: how many requests there were under the key in this window, and when it ends. */
interface RequestCounter {
  count(key: string, windowMs: number): Promise<{ readonly count: number; readonly resetMs: number }>;
}

/** What tells others how we are must answer also when a caller asks for too much. */
const exempt = /^\/(metrics|health|api\/v1\/health)(\/|$)/;

const headers = {
  'ratelimit-limit': 'Requests that a caller may make a minute',
  'ratelimit-remaining': 'How many of them are left',
  'ratelimit-reset': 'Seconds until they are all there again',
  'retry-after': 'Seconds to wait',
};

/**
 * Counts the requests of each caller to the routes that follow, and answers 429 with Retry-After to those over the limit. All
 * answers bear RateLimit-Limit, -Remaining and -Reset (seconds), by draft-ietf-httpapi-ratelimit-headers-07.
 * A caller is as `callerOf` has it.
 * Returns the same for what is no route.
 */
export async function addRateLimit(
  app: HttpApp,
  service: string,
  { requestsPerMinute, cache }: RateLimit,
): Promise<preHandlerAsyncHookHandler> {
  await app.register(rateLimit, {
    max: requestsPerMinute,
    timeWindow: cacheTtls.rateLimitWindowMs,
    enableDraftSpec: true,
    keyGenerator: (request) => `rate:${service}:${callerOf(request)}`,
    allowList: ({ routeOptions }) => routeOptions.url !== undefined && exempt.test(routeOptions.url),
    // The counter's absence must not close the door.
    skipOnError: true,
    store: storeOf(cache),
    errorResponseBuilder: (_request, { max, ttl }) => tooMany(max, ttl),
  });
  app.addHook('onRoute', (route) => {
    const { schema } = route;
    if (schema === undefined || schema.hide === true || exempt.test(route.url)) return;
    const described = Object.entries(headers).map(([name, description]) => [name, { type: 'integer', description }]);
    route.schema = {
      ...schema,
      response: {
        ...(typeof schema.response === 'object' ? schema.response : {}),
        429: {
          description: 'Too many requests: wait as long as Retry-After says',
          headers: Object.fromEntries(described),
          content: { [problemContentType]: { schema: { $ref: 'Problem#' } } },
        },
      },
    };
  });
  return app.rateLimit();
}

function tooMany(max: number, ttlMs: number): ProblemError {
  const seconds = Math.ceil(ttlMs / 1000);
  const title = 'Too many requests';
  const detail = `${max} requests a minute are allowed: try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`;
  return new ProblemError({ status: 429, code: 'too-many-requests', title, detail });
}

/** The plugin makes its store with `new`. */
function storeOf({ count }: RequestCounter) {
  return class CountStore {
    incr(
      key: string,
      done: (error: Error | null, result?: { current: number; ttl: number }) => void,
      windowMs: number,
    ): void {
      count(key, windowMs).then(
        (counted) => done(null, { current: counted.count, ttl: counted.resetMs }),
        (error: Error) => done(error),
      );
    }

    child(): CountStore {
      return this;
    }
  };
}
