import { once } from 'node:events';
import type { Duplex } from 'node:stream';

/**
 * Messages as the frames of a WebSocket's server, one after the other: to send them one by one would cost the bench's
 * exchange more than what takes them. RFC 6455, 5.2: text, whole, not masked.
 */
export function framesOf(messages: readonly Buffer[]): Buffer {
  return Buffer.concat(messages.flatMap((message) => [headOf(message.length), message]));
}

function headOf(length: number): Buffer {
  if (length < 126) return Buffer.from([0x81, length]);
  if (length > 0xffff) throw new RangeError(`A message of ${length} bytes is longer than the feed's ever are.`);
  return Buffer.from([0x81, 126, length >> 8, length & 0xff]);
}

const pieceLength = 64 * 1024;

/** As fast as the other side takes them. */
export async function writeAll(socket: Duplex, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceLength) {
    if (!socket.write(bytes.subarray(at, at + pieceLength))) await once(socket, 'drain');
  }
}
