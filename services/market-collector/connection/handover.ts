/**
 * Two sockets with the same streams, of which the new one is to take over from the old one so that a consumer sees each
 * message once and in order. Neither is ahead for certain: what the new one delivers is held until the old one has delivered
 * it as well. The exchange sends both the same bytes, so a message is recognised by them; where it does not, messages come
 * twice, which a consumer tells by their ids.
 */
export interface Handover {
  /** The old socket delivered this, and the consumer has it. */
  old(raw: Buffer): void;
  /** The new socket delivered this: it is held. */
  fresh(raw: Buffer, receivedAtMs: number): void;
  /** Streams on which both have delivered the same message: the new one takes up where the old one is. */
  isInStep(streams: Iterable<string>): boolean;
  /** More is held than may be. */
  readonly isFull: boolean;
  /** Ends the holding: what the consumer has not got yet, in the order in which it came. */
  finish(): readonly HeldMessage[];
  /** After `finish`: whether the consumer has got this message by the old socket, which was ahead. */
  isRepeat(raw: Buffer): boolean;
}

export interface HeldMessage {
  readonly raw: Buffer;
  readonly receivedAtMs: number;
}

interface Stream {
  /** Delivered by the old one, not by the new one yet. */
  ahead: Buffer[];
  /** Delivered by the new one, not by the old one yet. */
  held: (HeldMessage & { readonly turn: number })[];
  inStep: boolean;
}

/** What the old one delivered before the new one began is never matched; a lag of so many messages still is. */
const aheadMax = 64;

export function createHandover(heldBytesMax: number): Handover {
  const streams = new Map<string, Stream>();
  let heldBytes = 0;
  let turn = 0;

  function streamFor(raw: Buffer): Stream {
    const name = streamOf(raw);
    let stream = streams.get(name);
    if (stream === undefined) {
      stream = { ahead: [], held: [], inStep: false };
      streams.set(name, stream);
    }
    return stream;
  }

  /** True when `raw` is among what the old one delivered; it and what was before it are done with. */
  function matchAhead(stream: Stream, raw: Buffer): boolean {
    const at = stream.ahead.findIndex((one) => one.equals(raw));
    if (at < 0) return false;
    stream.ahead.splice(0, at + 1);
    return true;
  }

  return {
    old: (raw) => {
      const stream = streamFor(raw);
      const at = stream.held.findIndex((one) => one.raw.equals(raw));
      if (at < 0) {
        stream.ahead.push(raw);
        if (stream.ahead.length > aheadMax) stream.ahead.shift();
        return;
      }
      for (const one of stream.held.splice(0, at + 1)) heldBytes -= one.raw.length;
      stream.inStep = true;
    },
    fresh: (raw, receivedAtMs) => {
      const stream = streamFor(raw);
      if (matchAhead(stream, raw)) {
        for (const one of stream.held.splice(0)) heldBytes -= one.raw.length;
        stream.inStep = true;
        return;
      }
      stream.held.push({ raw, receivedAtMs, turn: turn++ });
      heldBytes += raw.length;
    },
    isInStep: (names) => {
      for (const name of names) if (streams.get(name)?.inStep !== true) return false;
      return true;
    },
    get isFull() {
      return heldBytes > heldBytesMax;
    },
    finish: () => {
      const held = [...streams.values()].flatMap((stream) => stream.held.splice(0));
      heldBytes = 0;
      return held.sort((a, b) => a.turn - b.turn);
    },
    isRepeat: (raw) => {
      const stream = streams.get(streamOf(raw));
      return stream !== undefined && stream.ahead.length > 0 && matchAhead(stream, raw);
    },
  };
}

const prefix = Buffer.from('{"stream":"');
const quoteMark = 0x22;

/** The stream's name in `{"stream":"<name>","data":…}`; empty when there is none. */
export function streamOf(raw: Buffer): string {
  if (raw.length < prefix.length || prefix.compare(raw, 0, prefix.length) !== 0) return '';
  const end = raw.indexOf(quoteMark, prefix.length);
  return end < 0 ? '' : raw.toString('latin1', prefix.length, end);
}
