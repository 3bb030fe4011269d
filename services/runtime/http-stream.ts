import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { describeError } from './errors.ts';

/** A caller that takes nothing for so long is given up, so that it cannot hold what is made for it. */
const stallMs = 60_000;

const broken = new WeakSet<object>();

/** Whether the answer ended before its end because of us, not because its caller went away. */
export function brokeOff(reply: FastifyReply): boolean {
  return broken.has(reply);
}

/**
 * Sends text that is made while it is sent. One piece is made ahead, and the next one only once the caller has taken that, so
 * an answer of any length holds two pieces. When the caller goes away, `pieces` is ended where it stands (its `finally` runs).
 * An error before the first piece is thrown, and so becomes a problem; a later one is logged and breaks the connection off: what
 * came until then cannot pass for the whole, whatever its format.
 */
export async function sendPieces(
  request: FastifyRequest,
  reply: FastifyReply,
  pieces: AsyncGenerator<string, void, void>,
  log: Logger,
): Promise<FastifyReply> {
  const first = await pieces.next();
  async function* all(): AsyncGenerator<string, void, void> {
    try {
      if (!first.done) yield first.value;
      yield* pieces;
    } catch (error) {
      log.warn({ requestId: request.id, url: request.url, reason: describeError(error) }, 'answer broken off');
      broken.add(reply);
      // Without chunks, as for HTTP/1.0, the end of the connection is the end of the answer: a reset is not.
      if (reply.raw.socket instanceof Socket) reply.raw.socket.resetAndDestroy();
      throw error;
    } finally {
      // Of a generator that was not begun, `return` runs no `finally` of its own.
      await pieces.return();
    }
  }
  if (reply.raw.destroyed) {
    await pieces.return();
    return reply;
  }
  reply.raw.setTimeout(stallMs, () => reply.raw.destroy());
  return reply.send(Readable.from(all(), { highWaterMark: 1 }));
}
