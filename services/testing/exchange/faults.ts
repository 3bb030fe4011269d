import { seededRandom } from '../seeded-random.ts';
import type { ExchangeSource } from './exchange-source.ts';
import type { ExchangeMessage } from './stream-text.ts';

/** What goes wrong with messages of the streams. */
export type StreamFault = (
  | { readonly kind: 'drop' }
  /** It comes twice, the second time so much later. */
  | { readonly kind: 'duplicate'; readonly afterMs: number }
  /** It comes later, and what follows overtakes it. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** It changes places with the next one of its stream. */
  | { readonly kind: 'swap' }
  /** Nothing comes until the fault ends; then all does, in order. */
  | { readonly kind: 'stall' }
  /** Something else comes in its place; by default one of several kinds of rubbish. */
  | { readonly kind: 'garbage'; readonly text?: string }
  /** A diff says another size of its first level than is true: it reads well, and no id tells. */
  | { readonly kind: 'corrupt' }
) &
  Where;

/** Which messages a fault is for; all, by default. */
export interface Where {
  readonly symbols?: readonly string[];
  readonly kinds?: readonly ExchangeMessage['kind'][];
  /** By the exchange's clock, Unix milliseconds. */
  readonly fromMs?: number;
  readonly untilMs?: number;
  /** From 0 to 1: how many of them. */
  readonly share?: number;
  /** It ends after so many. */
  readonly times?: number;
}

/** What goes wrong with `GET …/depth`. */
export type SnapshotFault = (
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number }
  /** The answer of when the fault began, as from a cache. Needs `symbols`. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'slow'; readonly ms: number }
  /** No answer ever comes. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' }
  /** The answer ends in its middle. */
  | { readonly kind: 'half' }
) &
  Omit<Where, 'kinds'>;

export type SnapshotAnswer =
  | { readonly kind: 'body'; readonly body: string; readonly afterMs: number }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds: number | undefined }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' };

/** A fault under way. */
export interface Injected {
  end(): void;
  /** How often it has struck. */
  count(): number;
}

/** Stands between an exchange and whoever listens to it. */
export interface Faults {
  injectStream(fault: StreamFault): Injected;
  injectSnapshot(fault: SnapshotFault): Injected;
  /** Ends all; what is held back comes with the next `pass`. */
  clear(): void;
  /** What comes of what was said, in the order in which it comes. To be called after each step of time, with whatever there is. */
  pass(messages: readonly ExchangeMessage[]): ExchangeMessage[];
  snapshot(symbol: string, limit: number): SnapshotAnswer;
}

interface Running<Fault extends { readonly kind: string } & Where> {
  readonly fault: Fault;
  struck: number;
  ended: boolean;
  /** Of a stall. */
  readonly held: ExchangeMessage[];
  /** Of a stale snapshot, by symbol. */
  readonly old: ReadonlyMap<string, string>;
}

interface Delayed {
  readonly message: ExchangeMessage;
  readonly dueMs: number;
}

const snapshotLimit = 5000;

/** Faults over a market's messages, without clock and without network: the same seed strikes the same messages. */
export function createFaults({ source, seed }: { readonly source: ExchangeSource; readonly seed: number }): Faults {
  const random = seededRandom(seed);
  let streamFaults: Running<StreamFault>[] = [];
  let snapshotFaults: Running<SnapshotFault>[] = [];
  let delayed: Delayed[] = [];
  /** One message a stream that waits for the next one. */
  const swapped = new Map<string, ExchangeMessage>();
  let released: ExchangeMessage[] = [];

  function isStruck(running: Running<{ readonly kind: string } & Where>, symbol: string): boolean {
    const { symbols, fromMs = -Infinity, untilMs = Infinity, share = 1, times = Infinity } = running.fault;
    const nowMs = source.nowMs();
    if (running.ended || running.struck >= times || nowMs < fromMs || nowMs >= untilMs) return false;
    if (symbols !== undefined && !symbols.includes(symbol)) return false;
    if (share < 1 && random() >= share) return false;
    running.struck++;
    return true;
  }

  function isOver({ fault, struck, ended }: Running<{ readonly kind: string } & Where>): boolean {
    return ended || source.nowMs() >= (fault.untilMs ?? Infinity) || struck >= (fault.times ?? Infinity);
  }

  /** What becomes of one message that this fault strikes. */
  function strike(running: Running<StreamFault>, message: ExchangeMessage): ExchangeMessage[] {
    const { fault } = running;
    const nowMs = source.nowMs();
    switch (fault.kind) {
      case 'drop':
        return [];
      case 'duplicate':
        delayed.push({ message, dueMs: nowMs + fault.afterMs });
        return [message];
      case 'delay':
        delayed.push({ message, dueMs: nowMs + fault.ms });
        return [];
      case 'swap': {
        if (swapped.has(message.stream)) return [message];
        swapped.set(message.stream, message);
        return [];
      }
      case 'stall':
        running.held.push(message);
        return [];
      case 'garbage':
        return [{ ...message, text: fault.text ?? garbageOf(message.text, random()) }];
      case 'corrupt':
        return [{ ...message, text: corrupt(message.text) }];
    }
  }

  /** What has waited long enough. */
  function due(): ExchangeMessage[] {
    const nowMs = source.nowMs();
    const out = released;
    released = [];
    for (const running of streamFaults) if (isOver(running)) out.push(...running.held.splice(0));
    streamFaults = streamFaults.filter((running) => !isOver(running));
    snapshotFaults = snapshotFaults.filter((running) => !isOver(running));
    if (delayed.length > 0) {
      const ready = delayed.filter(({ dueMs }) => dueMs <= nowMs).sort((a, b) => a.dueMs - b.dueMs);
      delayed = delayed.filter(({ dueMs }) => dueMs > nowMs);
      out.push(...ready.map(({ message }) => message));
    }
    return out;
  }

  function pass(messages: readonly ExchangeMessage[]): ExchangeMessage[] {
    const out = due();
    for (const message of messages) {
      const waiting = swapped.get(message.stream);
      const running = streamFaults.find(
        (candidate) => (candidate.fault.kinds?.includes(message.kind) ?? true) && isStruck(candidate, message.symbol),
      );
      out.push(...(running === undefined ? [message] : strike(running, message)));
      if (waiting === undefined || swapped.get(message.stream) !== waiting) continue;
      swapped.delete(message.stream);
      out.push(waiting);
    }
    return out;
  }

  function snapshot(symbol: string, limit: number): SnapshotAnswer {
    const running = snapshotFaults.find((candidate) => isStruck(candidate, symbol));
    const fault = running?.fault;
    if (fault?.kind === 'status') {
      return { kind: 'status', status: fault.status, retryAfterSeconds: fault.retryAfterSeconds };
    }
    if (fault?.kind === 'hang' || fault?.kind === 'reset') return { kind: fault.kind };
    const body = fault?.kind === 'stale' ? cut(running?.old.get(symbol), limit) : source.snapshot(symbol, limit);
    if (body === undefined) return { kind: 'unknown' };
    if (fault?.kind === 'half') return { kind: 'body', body: body.slice(0, body.length / 2), afterMs: 0 };
    return { kind: 'body', body, afterMs: fault?.kind === 'slow' ? fault.ms : 0 };
  }

  function injected(running: Running<{ readonly kind: string } & Where>): Injected {
    return {
      count: () => running.struck,
      end: () => {
        running.ended = true;
      },
    };
  }

  return {
    pass,
    snapshot,
    injectStream: (fault) => {
      const running = { fault, struck: 0, ended: false, held: [], old: new Map<string, string>() };
      streamFaults.push(running);
      return injected(running);
    },
    injectSnapshot: (fault) => {
      const old = new Map<string, string>();
      if (fault.kind === 'stale') {
        for (const symbol of fault.symbols ?? []) {
          const body = source.snapshot(symbol, snapshotLimit);
          if (body !== undefined) old.set(symbol, body);
        }
      }
      const running = { fault, struck: 0, ended: false, held: [], old };
      snapshotFaults.push(running);
      return injected(running);
    },
    clear: () => {
      for (const running of streamFaults) released.push(...running.held.splice(0));
      released.push(...swapped.values(), ...delayed.map(({ message }) => message));
      swapped.clear();
      delayed = [];
      streamFaults = [];
      snapshotFaults = [];
    },
  };
}

/** What no collector can use: cut short, of another type, without its ids, with levels that are none, or no JSON at all. */
function garbageOf(text: string, drawn: number): string {
  const kinds = [
    text.slice(0, Math.floor(text.length / 2)),
    text.replace(/"(u|t|a)":\d+/, '"$1":"abc"'),
    text.replace(/"(u|t|a)":\d+,/, ''),
    text.replace(/"(b|p)":("[^"]*"|\[\[)/, '"$1":[["x"'),
    '<html>502 Bad Gateway</html>',
    '',
  ];
  return kinds[Math.floor(drawn * kinds.length)] as string;
}

/** A level that is set is told with another size; the rest stays. A diff without such a level stays as it is. */
function corrupt(text: string): string {
  return text.replace(/\["([\d.]+)","([\d.]*[1-9][\d.]*)"\]/, (_, price: string, size: string) => {
    const first = size.search(/[1-9]/);
    const digit = size[first] === '9' ? '8' : String(Number(size[first]) + 1);
    return `["${price}","${size.slice(0, first)}${digit}${size.slice(first + 1)}"]`;
  });
}

function cut(body: string | undefined, limit: number): string | undefined {
  if (body === undefined) return undefined;
  const snapshot = JSON.parse(body) as { bids: unknown[]; asks: unknown[] };
  return JSON.stringify({ ...snapshot, bids: snapshot.bids.slice(0, limit), asks: snapshot.asks.slice(0, limit) });
}
