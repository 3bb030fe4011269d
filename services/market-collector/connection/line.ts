import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { describeError } from '../../runtime/errors.ts';
import type { ConnectLimiter, ConnectUrgency } from './connect-limiter.ts';
import { createHandover, type Handover } from './handover.ts';
import { type ReconnectPolicy, reconnectDelay } from './reconnect-delay.ts';
import { openStreamSocket, type SocketCounters, type SocketEnd, type StreamSocket } from './stream-socket.ts';

/** Delivers the streams of some symbols without an end, over one socket after another. */
export interface Line {
  /** Follows these symbols from now on; at least one. */
  setSymbols(symbols: readonly string[]): void;
  /** Replaces the socket by a new one, which delivers before the old one is closed. */
  roll(why: string): void;
  readonly isOpen: boolean;
  readonly symbols: readonly string[];
  /** Those whose streams are not delivered now, or not yet. */
  readonly broken: readonly string[];
  stop(): Promise<void>;
}

/** What all lines share. */
export interface LineSettings {
  readonly limiter: ConnectLimiter;
  readonly reconnect: ReconnectPolicy;
  /** After which a socket is replaced; up to a twentieth earlier, so that not all are at once. */
  readonly rollAfterMs: number;
  /** How long the new socket may take to be in step with the old one: a silent symbol never is. */
  readonly overlapMs: number;
  readonly idleMs: number;
  readonly handshakeMs: number;
  readonly refusedPauseMs: number;
  readonly controlPerSecond: number;
  /** What a socket must have lasted for its end not to count as a failed attempt. */
  readonly stableMs: number;
  readonly counters: LineCounters;
  readonly clock: () => number;
  readonly random: () => number;
  /** No attempt before this time of our clock; what the exchange asked for. */
  readonly pausedUntilMs: () => number;
  readonly onRefusedUpgrade: (end: SocketEnd) => void;
  readonly log: Logger;
}

export interface LineCounters extends SocketCounters {
  attempts: number;
  /** Sockets that were replaced after their end. */
  reconnects: number;
  /** Sockets that were replaced before their end. */
  rolls: number;
}

export interface LineOptions {
  readonly url: string;
  readonly symbols: readonly string[];
  /** All streams of a symbol on this line; the first is the one that must be in step before a socket is replaced. */
  readonly streamsOf: (symbol: string) => readonly string[];
  /** Must not throw. */
  readonly onMessage: (raw: Buffer, receivedAtMs: number) => void;
  readonly onBroken: (symbols: readonly string[], detail: string) => void;
  /** They are delivered again, or for the first time. */
  readonly onHealed: (symbols: readonly string[]) => void;
}

const heldBytesMax = 32 * 1024 * 1024;
/** How long a new socket may lag behind the one that it replaced. */
const repeatsForMs = 10_000;

export function createLine(options: LineOptions, settings: LineSettings): Line {
  const { counters, log } = settings;
  let stopped = false;
  let symbols = [...options.symbols];
  /** Delivers to the consumer. */
  let current: StreamSocket | undefined;
  /** Is to take over from `current`. */
  let next: StreamSocket | undefined;
  let handover: Handover | undefined;
  /** Tells what the new socket repeats, for a while after it took over. */
  let repeats: Handover | undefined;
  /** An attempt that is still to be made: it may have to wait. */
  let attempt: AbortController | undefined;
  /** Sockets whose end was announced. */
  const doomed = new WeakSet<StreamSocket>();
  let failures = 0;
  let openedAt = 0;
  let rollTimer: NodeJS.Timeout | undefined;
  let overlapTimer: NodeJS.Timeout | undefined;
  let repeatsTimer: NodeJS.Timeout | undefined;
  /** Symbols whose streams are delivered, and whose consumer knows it. */
  const flowing = new Set<string>();

  const streams = (): Set<string> => new Set(symbols.flatMap(options.streamsOf));
  const leading = (): string[] => symbols.flatMap((symbol) => options.streamsOf(symbol).slice(0, 1));
  const facts = (): object => ({ url: options.url, symbols: symbols.length });

  /** Makes one attempt, after a pause; an attempt that was to be made later is given up for it. */
  async function connect(urgency: ConnectUrgency, delayMs: number): Promise<void> {
    if (stopped) return;
    attempt?.abort(new Error('another attempt is made'));
    const mine = new AbortController();
    attempt = mine;
    try {
      const pausedMs = (): number => settings.pausedUntilMs() - settings.clock();
      for (let waitMs = Math.max(delayMs, pausedMs()); waitMs > 0; waitMs = pausedMs()) {
        await pause(waitMs, undefined, { signal: mine.signal });
      }
      await settings.limiter.acquire(urgency, mine.signal);
      mine.signal.throwIfAborted();
      attempt = undefined;
      open();
    } catch (error) {
      if (mine.signal.aborted) return;
      log.error({ ...facts(), error: describeError(error) }, 'a connection could not be tried');
      void connect(urgency, settings.reconnect.delayMaxMs);
    }
  }

  function open(): void {
    counters.attempts++;
    const socket = openStreamSocket({
      url: options.url,
      streams: streams(),
      controlPerSecond: settings.controlPerSecond,
      idleMs: settings.idleMs,
      handshakeMs: settings.handshakeMs,
      refusedPauseMs: settings.refusedPauseMs,
      clock: settings.clock,
      counters,
      onOpen: () => opened(socket),
      onConfirmed: () => {
        if (socket === current) announce();
      },
      onData: (raw, receivedAtMs) => received(socket, raw, receivedAtMs),
      onShutdown: () => {
        doomed.add(socket);
        if (socket === current) roll('the exchange is shutting this server down');
      },
      onRefused: (detail) => log.warn({ ...facts(), detail }, 'the exchange refused a request for streams'),
      onEnd: (end) => ended(socket, end),
    });
    next = socket;
  }

  function opened(socket: StreamSocket): void {
    if (current === undefined) {
      promote(socket);
      return;
    }
    handover = createHandover(heldBytesMax);
    overlapTimer = setTimeout(takeOver, settings.overlapMs);
  }

  function received(socket: StreamSocket, raw: Buffer, receivedAtMs: number): void {
    if (socket === current) {
      if (repeats?.isRepeat(raw) === true) return;
      handover?.old(raw);
      options.onMessage(raw, receivedAtMs);
    } else if (socket === next && handover !== undefined) handover.fresh(raw, receivedAtMs);
    else return;
    if (handover !== undefined && (handover.isFull || handover.isInStep(leading()))) takeOver();
  }

  /** The new socket delivers from now on, first what the old one has not; then the old one is closed. */
  function takeOver(): void {
    const [old, fresh, ending] = [current, next, handover];
    if (fresh === undefined || ending === undefined) return;
    clearTimeout(overlapTimer);
    handover = undefined;
    void old?.close();
    counters.rolls++;
    for (const { raw, receivedAtMs } of ending.finish()) options.onMessage(raw, receivedAtMs);
    repeats = ending;
    clearTimeout(repeatsTimer);
    repeatsTimer = setTimeout(() => {
      repeats = undefined;
    }, repeatsForMs);
    promote(fresh);
  }

  function promote(socket: StreamSocket): void {
    current = socket;
    next = undefined;
    openedAt = performance.now();
    clearTimeout(rollTimer);
    // Where all servers go down one after the other, each is left in its turn, with a pause between.
    const rollInMs = doomed.has(socket)
      ? reconnectDelay(failures++, settings.reconnect, settings.random)
      : settings.rollAfterMs * (1 - settings.random() / 20);
    rollTimer = setTimeout(() => roll('its time is nearly up'), rollInMs);
    // An old one that ended early may have had streams for which the new one is still asking.
    const lost = [...flowing].filter((symbol) => !isDelivered(symbol));
    for (const symbol of lost) flowing.delete(symbol);
    if (lost.length > 0) options.onBroken(lost, 'the new connection does not deliver them yet');
    announce();
  }

  function isDelivered(symbol: string): boolean {
    return options.streamsOf(symbol).every((stream) => current?.confirmed.has(stream));
  }

  function announce(): void {
    const healed = symbols.filter((symbol) => !flowing.has(symbol) && isDelivered(symbol));
    for (const symbol of healed) flowing.add(symbol);
    if (healed.length > 0) options.onHealed(healed);
  }

  function roll(why: string): void {
    if (current === undefined || next !== undefined || attempt !== undefined) return;
    log.info({ ...facts(), why }, 'a connection is being replaced');
    void connect('roll', 0);
  }

  function ended(socket: StreamSocket, end: SocketEnd): void {
    if (end.status !== undefined) settings.onRefusedUpgrade(end);
    if (socket === next) nextEnded(end);
    else if (socket === current) currentEnded(end);
  }

  function currentEnded({ detail }: SocketEnd): void {
    if (performance.now() - openedAt >= settings.stableMs) failures = 0;
    // The new one was open before the old one ended: nothing is lost.
    if (handover !== undefined) {
      takeOver();
      return;
    }
    current = undefined;
    clearTimeout(rollTimer);
    const lost = [...flowing];
    flowing.clear();
    counters.reconnects++;
    log.warn({ ...facts(), detail }, 'a connection is lost');
    if (lost.length > 0) options.onBroken(lost, detail);
    // One that is on its way already takes its place.
    if (next === undefined) void connect('lost', reconnectDelay(failures++, settings.reconnect, settings.random));
  }

  function nextEnded({ detail }: SocketEnd): void {
    next = undefined;
    handover = undefined;
    clearTimeout(overlapTimer);
    const delayMs = reconnectDelay(failures++, settings.reconnect, settings.random);
    log.warn({ ...facts(), detail, failures, retryInMs: Math.round(delayMs) }, 'a connection could not be opened');
    void connect(current !== undefined ? 'roll' : openedAt > 0 ? 'lost' : 'first', delayMs);
  }

  void connect('first', 0);
  return {
    setSymbols: (wanted) => {
      symbols = [...wanted];
      const kept = new Set(wanted);
      for (const symbol of flowing) if (!kept.has(symbol)) flowing.delete(symbol);
      current?.setStreams(streams());
      next?.setStreams(streams());
      announce();
    },
    roll,
    get isOpen() {
      return current?.isOpen === true;
    },
    get symbols() {
      return symbols;
    },
    get broken() {
      return symbols.filter((symbol) => !flowing.has(symbol));
    },
    stop: async () => {
      stopped = true;
      attempt?.abort(new Error('stopped'));
      for (const timer of [rollTimer, overlapTimer, repeatsTimer]) clearTimeout(timer);
      await Promise.all([current?.close(), next?.close()]);
    },
  };
}
