import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { describeError } from './errors.ts';

/** What a caller must take, so that it cannot hold what is made for it. */
export interface SendLimits {
  /** A caller that takes nothing for so long is given up, */
  readonly stallMs: number;
  /** and so is one that was waited for longer than this, */
  readonly graceMs: number;
  /** and than what it took would have needed at this rate. */
  readonly bytesPerSecondMin: number;
}

export const sendLimits: SendLimits = { stallMs: 60_000, graceMs: 20_000, bytesPerSecondMin: 64 * 1024 };
const broken = new WeakSet<object>();

/** Whether the answer ended before its end because of us, not because its caller went away. */
export function brokeOff(reply: FastifyReply): boolean {
  return broken.has(reply);
}

/**
 * Sends text that is made while it is sent. One piece is made ahead, and the next one only once the caller has taken that, so
 * an answer of any length holds two pieces. When the caller goes away, `pieces` is ended where it stands (its `finally` runs).
 * An error before the first piece is thrown, and so becomes a problem; a later one is logged and breaks the connection off: what
 * came until then cannot pass for the whole, whatever its format. `onEnd` is called once nothing is made any more, however it ended.
 */
export async function sendPieces(
  request: FastifyRequest,
  reply: FastifyReply,
  pieces: AsyncGenerator<string, void, void>,
  log: Logger,
  { onEnd = () => undefined, limits = sendLimits }: { readonly onEnd?: () => void; readonly limits?: SendLimits } = {},
): Promise<FastifyReply> {
  const first = await pieces.next().catch((error: unknown) => {
    onEnd();
    throw error;
  });
  /** How long the caller was waited for, and what it took until then. */
  let waitedMs = 0;
  let taken = 0;
  async function* all(): AsyncGenerator<string, void, void> {
    try {
      for (let piece = first; !piece.done; piece = await pieces.next()) {
        const since = Date.now();
        const allowedMs = limits.graceMs + (taken / limits.bytesPerSecondMin) * 1000 - waitedMs;
        const timer = setTimeout(() => reply.raw.destroy(), Math.max(0, allowedMs));
        try {
          yield piece.value;
        } finally {
          clearTimeout(timer);
        }
        waitedMs += Date.now() - since;
        taken += piece.value.length;
      }
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
    onEnd();
    return reply;
  }
  reply.raw.setTimeout(limits.stallMs, () => reply.raw.destroy());
  return reply.send(Readable.from(all(), { highWaterMark: 1 }).once('close', onEnd));
}
