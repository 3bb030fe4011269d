import httpProxy from '@fastify/http-proxy';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { type UpstreamName, upstreamNames } from '../contracts/admin-answers.ts';
import { describeError } from '../runtime/errors.ts';
import type { HttpApp } from '../runtime/http.ts';
import { ProblemError } from '../runtime/http-problem.ts';
import { tokenFor } from './token.ts';

export interface UpstreamOptions {
  readonly upstreams: Readonly<Partial<Record<UpstreamName, string>>>;
  /** How long an API may take until it begins to answer, and between two parts of an answer. */
  readonly timeoutMs?: number;
  readonly log: Logger;
}

export const titles: Readonly<Record<UpstreamName, string>> = {
  analytics: 'The analytics API',
  market: 'The market API',
};
export const variables: Readonly<Record<UpstreamName, string>> = {
  analytics: 'ANALYTICS_API_URL',
  market: 'MARKET_API_URL',
};

export function upstreamPath(name: UpstreamName): string {
  return `/admin/api/${name}`;
}

/** What a caller's request tells the API: what it asks for, and which answer it has already. Cookies and the like stay here. */
const passedOn = ['accept', 'accept-encoding', 'accept-language', 'if-none-match', 'if-modified-since', 'range'];
/** Headers of answers that belong to the API's own origin. */
const keptBack = ['set-cookie', 'strict-transport-security', 'access-control-allow-origin', 'server', 'via'];

/** Passes reads below /admin/api/<name> on to the API; one that is away is told as a problem of 503 or 504 that names it. */
export async function addUpstreams(app: HttpApp, options: UpstreamOptions): Promise<void> {
  const { upstreams, timeoutMs = 35_000, log } = options;
  const paths = upstreamNames.map(upstreamPath);
  // The APIs describe themselves.
  app.addHook('onRoute', (route) => {
    if (paths.some((path) => route.url.startsWith(`${path}/`) || route.url === path)) {
      route.schema = { ...route.schema, hide: true };
    }
  });
  for (const name of upstreamNames) {
    const upstream = upstreams[name];
    const prefix = upstreamPath(name);
    if (upstream === undefined) {
      app.get(`${prefix}/*`, () => {
        throw notConfigured(name);
      });
      continue;
    }
    await app.register(httpProxy, {
      ...{ upstream, prefix, httpMethods: ['GET', 'HEAD'], proxyPayloads: false },
      undici: { headersTimeout: timeoutMs, bodyTimeout: timeoutMs, connect: { timeout: Math.min(timeoutMs, 5_000) } },
      replyOptions: {
        // By itself the plugin asks again up to ten times after a 503, within milliseconds: an API that is overloaded would be asked
        // more the less it can. The pages ask again at their own pace.
        retryDelay: () => null,
        rewriteRequestHeaders: (request, headers) => {
          const { req, ids } = { req: request as FastifyRequest, ids: { 'x-request-id': request.id } };
          const own = Object.entries(headers).filter(([header]) => passedOn.includes(header));
          const token = tokenFor(upstream, req.headers);
          return {
            ...Object.fromEntries(own),
            ...ids,
            'x-forwarded-for': req.ip,
            ...(token === undefined ? {} : { authorization: token }),
          };
        },
        rewriteHeaders: (headers) =>
          Object.fromEntries(Object.entries(headers).filter(([header]) => !keptBack.includes(header))),
        onError: (reply, { error }) => {
          log.debug({ upstream: name, reason: describeError(error) }, 'upstream gave no answer');
          (reply as FastifyReply).send(gaveNoAnswer(name, error));
        },
      },
    });
  }
}

export function notConfigured(name: UpstreamName): ProblemError {
  return new ProblemError({
    status: 503,
    code: `${name}-not-configured`,
    title: `${titles[name]} is not known here`,
    detail: `${variables[name]} is not set, and the API does not run in this process.`,
  });
}

function gaveNoAnswer(name: UpstreamName, error: Error): ProblemError {
  const isSlow = /timeout|timed out/i.test(`${error.name} ${error.message}`);
  const detail = isSlow
    ? `${titles[name]} did not answer in time: try again in some seconds.`
    : `${titles[name]} cannot be reached: try again in some seconds.`;
  return new ProblemError({
    status: isSlow ? 504 : 503,
    code: isSlow ? `${name}-slow` : `${name}-away`,
    title: isSlow ? `${titles[name]} is slow` : `${titles[name]} is away`,
    detail,
    headers: { 'retry-after': '2' },
  });
}
