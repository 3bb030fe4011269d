import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { HttpApp } from '../runtime/http.ts';
import { etagOf, jsonType } from './caching.ts';

export interface KeptAnswersOptions {
  /** For how long an answer is given again, from when it was made. */
  readonly keepMs: number;
  /** Of all answers kept; those made longest ago go first. */
  readonly bytesMax?: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

export interface KeptAnswers {
  /** What follows of this network is made anew. */
  forget(network: string): void;
}

/** An answer as it was written, but for what is of one request: its id, what is left of the caller's limit, the name it used. */
interface Written {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const bytesMaxDefault = 32 * 1024 * 1024;
/** What an entry costs beside its text: its maps' places and headers. */
const entryBytes = 500;
/** Headers of an answer that are the same for all who ask. */
const ofAnswer = ['etag', 'cache-control', 'content-type', 'content-disposition'];

/**
 * Gives the answer to a GET under `prefix` again, as it was written, to whoever asks the same within `keepMs`; those who ask
 * while it is made share it. However many ask, the stores then answer each question once in that time. For routes that follow,
 * whose answers depend on nothing but the address; its parameter `network` says what of. An answer is an object, or text of the type
 * that the route has set. Problems are shared and not kept.
 *
 * An answer is the origin's own as long as it is kept, so it has no Age: who may keep it longer is said by its Cache-Control.
 */
export function keepAnswers(app: HttpApp, prefix: string, options: KeptAnswersOptions): KeptAnswers {
  const { keepMs, bytesMax = bytesMaxDefault, now = () => performance.now() } = options;
  /** In the order in which they end. */
  const kept = new Map<string, { readonly written: Written; readonly generation: number; readonly endsAt: number }>();
  const making = new Map<string, { readonly written: Promise<Written>; readonly generation: number }>();
  /** How often a network was forgotten: what was begun before is not given any more. */
  const generations = new Map<string, number>();
  let bytes = 0;

  function drop(url: string): void {
    const entry = kept.get(url);
    if (entry === undefined) return;
    kept.delete(url);
    bytes -= bytesOf(url, entry.written);
  }

  function keep(url: string, written: Written, generation: number): void {
    drop(url);
    kept.set(url, { written, generation, endsAt: now() + keepMs });
    bytes += bytesOf(url, written);
    for (const [oldest, { endsAt }] of kept) {
      if (bytes <= bytesMax && endsAt > now()) break;
      drop(oldest);
    }
  }

  async function make(request: FastifyRequest, network: string, generation: number, write: () => Promise<Written>) {
    const { url } = request;
    const own = { written: write(), generation };
    making.set(url, own);
    try {
      const written = await own.written;
      if (generation === (generations.get(network) ?? 0)) keep(url, written, generation);
      return written;
    } finally {
      if (making.get(url) === own) making.delete(url);
    }
  }

  function keeping(handler: RouteHandlerMethod): RouteHandlerMethod {
    return function (request, reply) {
      const { url } = request;
      const { network = '' } = request.params as { network?: string };
      const generation = generations.get(network) ?? 0;
      const found = kept.get(url);
      if (found !== undefined && found.generation === generation && found.endsAt > now()) {
        give(reply, found.written);
        return undefined;
      }
      const shared = making.get(url);
      const written =
        shared?.generation === generation
          ? shared.written
          : make(request, network, generation, async () => writtenOf(reply, await handler.call(this, request, reply)));
      return written.then((each) => give(reply, each));
    };
  }

  app.addHook('onRoute', (route) => {
    const isRead = [route.method].flat().every((method) => method === 'GET' || method === 'HEAD');
    if (isRead && route.url.startsWith(prefix)) route.handler = keeping(route.handler);
  });
  return { forget: (network) => void generations.set(network, (generations.get(network) ?? 0) + 1) };
}

function writtenOf(reply: FastifyReply, answer: unknown): Written {
  const body = typeof answer === 'string' ? answer : jsonOf(reply, answer);
  const headers: Record<string, string> = { etag: etagOf(body), 'content-type': jsonType };
  for (const name of ofAnswer) {
    const own = reply.getHeader(name);
    if (typeof own === 'string') headers[name] = own;
  }
  return { headers, body: Buffer.from(body) };
}

function jsonOf(reply: FastifyReply, answer: unknown): string {
  const write = reply.getSerializationFunction('200', 'application/json');
  if (write === undefined) throw new Error(`${reply.request.routeOptions.url} has no schema of its answer`);
  return write(answer as Record<string, unknown>);
}

function give(reply: FastifyReply, { headers, body }: Written): FastifyReply {
  return reply.headers(headers).send(body);
}

function bytesOf(url: string, { body }: Written): number {
  return body.length + 2 * url.length + entryBytes;
}
