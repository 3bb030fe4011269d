import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import etag from '@fastify/etag';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyTypeProvider,
  fastify,
  type preHandlerAsyncHookHandler,
  type RawServerDefault,
} from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Static, TSchema } from 'typebox';
import { metrics as names } from '../../catalog/metrics.ts';
import { findNearest } from '../../catalog/nearest.ts';
import { Problem, ProblemError, problemAnswerOf, problemContentType } from './http-problem.ts';
import { addRateLimit, type RateLimit } from './http-rate-limit.ts';
import { brokeOff } from './http-stream.ts';
import { createValidator, type RequestPart } from './http-validation.ts';
import { counterOf, histogramOf } from './metrics.ts';
import { createProxyTrust } from './proxies.ts';

/** Types a handler's request and answer by the TypeBox schemas of its route. */
interface TypeBoxProvider extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
  serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
}

export type HttpApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxProvider
>;

export interface HttpAppOptions {
  /** The service's id in the catalog, a label of its metrics. */
  readonly service: string;
  readonly log: Logger;
  readonly metrics: Registry;
  /** With it, /openapi.json and Swagger UI at /docs, both below its prefix, describe the routes that follow. */
  readonly openapi?: OpenApi;
  readonly bodyBytesMax?: number;
  /** Without one, nobody's requests are counted. */
  readonly rateLimit?: RateLimit | undefined;
  /**
   * Addresses, networks (`10.0.0.0/8`) or their names (`loopback`, `uniquelocal`) of the proxies in front: what these write into
   * X-Forwarded-For is the caller's address. Of anybody else it does not count, as everybody can write it.
   */
  readonly trustedProxies?: readonly string[] | undefined;
}

interface OpenApi {
  readonly title: string;
  readonly version: string;
  /** Markdown. */
  readonly description: string;
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  /** Of the paths of both, without a slash at the end; left out, none. */
  readonly prefix?: string;
  /** Where it needs one: what of the token that routes with `security: [{ bearer: [] }]` take. */
  readonly bearer?: string;
}

/** The status under which an answer is counted whose caller did not wait for its end: nginx's. */
const clientGone = 499;

/** Seconds; the edges that dashboards ask for, from a cached answer to one that is too slow. */
const durationBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * An HTTP service without its routes: validation by TypeBox schemas, RFC 9457 problems for every error, request ids, metrics,
 * ETags and safe headers. Add routes, then `listen`; tests use `inject`. What is not in a response's schema does not get out.
 */
export async function createHttpApp(options: HttpAppOptions): Promise<HttpApp> {
  const { log, rateLimit, trustedProxies = [] } = options;
  const app: HttpApp = fastify({
    logger: false,
    genReqId: requestIdOf,
    trustProxy: trustedProxies.length > 0 && createProxyTrust(trustedProxies),
    bodyLimit: options.bodyBytesMax ?? 64 * 1024,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply, log),
  });
  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => createValidator(schema, partOf(httpPart)));
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, log));
  app.addSchema(Problem);
  measure(app, options);
  setHeaders(app);
  const limit = rateLimit === undefined ? undefined : await addRateLimit(app, options.service, rateLimit);
  answerUnknownPaths(app, limit, `${options.openapi?.prefix ?? ''}/docs`);
  await app.register(etag);
  if (options.openapi !== undefined) await addDocs(app, options.openapi);
  return app;
}

/** The problems that a route may answer with, for its `response`. */
export function problemResponses<const Status extends number>(
  problems: Readonly<Record<Status, string>>,
): Record<Status, { description: string; content: Record<string, { schema: { $ref: string } }> }> {
  const entries = Object.entries<string>(problems).map(([status, description]) => [
    status,
    { description, content: { [problemContentType]: { schema: { $ref: 'Problem#' } } } },
  ]);
  return Object.fromEntries(entries);
}

function partOf(httpPart: string | undefined): RequestPart {
  if (httpPart === 'querystring' || httpPart === 'params' || httpPart === 'headers') return httpPart;
  return 'body';
}

/** The caller's own id, if it is a plain one, so that a request can be followed across services. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const { problem, headers, hidden } = problemAnswerOf(error, request);
  if (hidden !== undefined) {
    const { level, reason } = hidden;
    log[level]({ requestId: request.id, method: request.method, url: request.url, reason }, 'request failed');
  }
  reply
    .code(problem.status)
    .headers({ 'cache-control': 'no-store', ...headers })
    .type(problemContentType)
    .send(JSON.stringify(problem));
}

function measure(app: HttpApp, { service, metrics }: HttpAppOptions): void {
  const requests = counterOf(metrics, names.httpRequests);
  const duration = histogramOf(metrics, names.httpDuration, durationBuckets);
  const counted = new WeakSet<object>();
  function count(request: FastifyRequest, reply: FastifyReply, status: number): void {
    if (counted.has(reply)) return;
    counted.add(reply);
    // The pattern, never the path itself: each label value is a series that Prometheus keeps.
    const route = request.routeOptions.url ?? 'unknown';
    requests.inc({ service, method: request.method, route, status });
    duration.observe({ service, method: request.method, route }, reply.elapsedTime / 1000);
  }
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = reply;
    raw.once('close', () => {
      if (raw.headersSent && !raw.writableFinished) count(request, reply, brokeOff(reply) ? 500 : clientGone);
    });
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    count(request, reply, reply.statusCode);
    done();
  });
}

function setHeaders(app: HttpApp): void {
  let closing = false;
  app.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({
      'x-request-id': request.id,
      // Ask again each time; the ETag makes an unchanged answer cheap. Routes that know better say so.
      'cache-control': 'no-cache',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    done();
  });
  // A kept-alive connection would hold the port open until it idles out.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });
}

/** 404 with the nearest path there is, and 405 where only the method is wrong. */
function answerUnknownPaths(app: HttpApp, preHandler: preHandlerAsyncHookHandler | undefined, docs: string): void {
  const routes: { segments: readonly string[]; method: string; hidden: boolean }[] = [];
  app.addHook('onRoute', ({ url, method, schema }) => {
    for (const each of [method].flat()) {
      routes.push({ segments: url.split('/'), method: each, hidden: schema?.hide === true });
    }
  });
  app.setNotFoundHandler(preHandler === undefined ? {} : { preHandler }, (request) => {
    const path = request.url.split('?', 1)[0] ?? '/';
    const asked = path.split('/');
    // What the route's path would be with the parameters of this one.
    const filled = routes.map((route) => ({
      ...route,
      path: route.segments.map((segment, at) => (segment.startsWith(':') ? (asked[at] ?? segment) : segment)).join('/'),
    }));
    const methods = [...new Set(filled.filter((route) => route.path === path).map(({ method }) => method))].sort();
    if (methods.length > 0) {
      const allow = methods.join(', ');
      const detail = `${path} does not take ${request.method}; it takes ${allow}.`;
      throw new ProblemError({
        status: 405,
        code: 'method-not-allowed',
        title: 'The path does not take this method',
        detail,
        headers: { allow },
      });
    }
    const shown = filled.filter(({ hidden }) => !hidden);
    const nearest = findNearest(
      path,
      shown.map((route) => route.path),
    );
    const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
    const detail = `There is no ${path}.${hint} ${docs} describes all paths.`;
    throw new ProblemError({ status: 404, code: 'unknown-path', title: 'There is no such path', detail });
  });
}

/** Only the page's own files, and the style attributes that Swagger UI writes. */
const docsCsp =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

async function addDocs(
  app: HttpApp,
  { title, version, description, tags, bearer, prefix = '' }: OpenApi,
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, version, description },
      tags: [...tags],
      components: bearer === undefined ? {} : { securitySchemes: { bearer: bearerScheme(bearer) } },
    },
    // Shared schemas keep their names in the document.
    refResolver: {
      buildLocalReference: (json, _base, _fragment, at) => (typeof json.$id === 'string' ? json.$id : `Schema${at}`),
    },
    transformObject: (document) => {
      if ('swaggerObject' in document) return document.swaggerObject;
      putPathParametersFirst(document.openapiObject.paths);
      return document.openapiObject;
    },
  });
  await app.register(swaggerUi, {
    routePrefix: `${prefix}/docs`,
    staticCSP: docsCsp,
    theme: { title },
    uiConfig: {
      // Without the bar that asks for the address of another document.
      layout: 'BaseLayout',
      docExpansion: 'list',
      tryItOutEnabled: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
    },
  });
  app.get(`${prefix}/openapi.json`, { schema: { hide: true } }, () => app.swagger());
  // A route that cannot be described is a defect to be seen at the start, not by the first reader of the documentation.
  app.addHook('onReady', async () => void app.swagger());
}

function bearerScheme(description: string) {
  return { type: 'http' as const, scheme: 'bearer', bearerFormat: 'JWT', description };
}

/** As they stand in the address: the network comes before the window. */
function putPathParametersFirst(paths: object | undefined): void {
  for (const methods of Object.values(paths ?? {})) {
    for (const { parameters } of Object.values<{ parameters?: { in: string }[] }>(methods)) {
      parameters?.sort((a, b) => Number(b.in === 'path') - Number(a.in === 'path'));
    }
  }
}
