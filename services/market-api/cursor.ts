import type { RecordPlace } from '../datasets/market/read.ts';
import { recordKinds } from '../datasets/market/record.ts';
import { timeMax } from '../runtime/unix-time.ts';

/** Where a list goes on: behind `after`, in this direction, of this symbol. */
export interface Cursor {
  readonly order: 'asc' | 'desc';
  readonly symbol: string;
  readonly after: RecordPlace;
}

const version = 1;
const form = /^1~(asc|desc)~([A-Z0-9._]{1,64})~(\d{1,15})~(\d{1,16})~([a-z]{1,16})$/;

/** Opaque to callers, so that the place can change its form with the version. */
export function encodeCursor({ order, symbol, after }: Cursor): string {
  const text = [version, order, symbol, after.eventTimeMs, after.updateId, after.kind].join('~');
  return Buffer.from(text).toString('base64url');
}

/** Reads a cursor back; undefined for anything that encodeCursor did not write. */
export function decodeCursor(text: string): Cursor | undefined {
  const [, order, symbol = '', time, id, word] = form.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  const kind = recordKinds.find((each) => each === word);
  if ((order !== 'asc' && order !== 'desc') || kind === undefined) return undefined;
  const cursor: Cursor = { order, symbol, after: { eventTimeMs: Number(time), updateId: Number(id), kind } };
  if (cursor.after.eventTimeMs > timeMax) return undefined;
  // One place has one spelling: base64 decoders forgive stray characters.
  return encodeCursor(cursor) === text ? cursor : undefined;
}
