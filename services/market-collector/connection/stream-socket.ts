import WebSocket from 'ws';
import { parseRetryAfter } from '../rest/retry-after.ts';
import { createControlPacer } from './control-pacer.ts';

/** One WebSocket to one route of the exchange. It is opened once and ends once. */
export interface StreamSocket {
  readonly isOpen: boolean;
  /** The streams that it delivers for certain: asked for by the address, or by a request that was answered. */
  readonly confirmed: ReadonlySet<string>;
  /** Follows these streams from now on, by SUBSCRIBE and UNSUBSCRIBE on the open socket. */
  setStreams(streams: ReadonlySet<string>): void;
  /** Ends it in good order; nothing is called back any more. */
  close(): Promise<void>;
}

/** Why a socket ended. */
export interface SocketEnd {
  readonly detail: string;
  /** The exchange's answer to the upgrade, where it was no upgrade. */
  readonly status: number | undefined;
  /** Not to be tried again before, by our clock. */
  readonly retryAtMs: number | undefined;
}

/** What all sockets count, for metrics. */
export interface SocketCounters {
  messages: number;
  bytes: number;
  /** Frames that we sent: requests, pings and pongs. */
  controls: number;
  pings: number;
  /** The longest time by which a timer of ours was late: then the process was busy, and messages waited. */
  longestStallMs: number;
}

export interface StreamSocketOptions {
  /** With the path, without the query. */
  readonly url: string;
  readonly streams: ReadonlySet<string>;
  readonly controlPerSecond: number;
  /** No frame of any kind for so long, though asked by a ping: the other side is gone without a word. */
  readonly idleMs: number;
  readonly handshakeMs: number;
  /** The pause after a request for one stream that was refused. */
  readonly refusedPauseMs: number;
  readonly clock: () => number;
  readonly counters: SocketCounters;
  readonly onOpen: () => void;
  /** More is confirmed. */
  readonly onConfirmed: () => void;
  /** A message of a stream. Must not throw. */
  readonly onData: (raw: Buffer, receivedAtMs: number) => void;
  /** The exchange is about to close it. */
  readonly onShutdown: () => void;
  /** The exchange refused a request. */
  readonly onRefused: (detail: string) => void;
  /** It is over; called once, unless `close` was called. */
  readonly onEnd: (end: SocketEnd) => void;
}

// A hundred symbols of three streams would already be a line too long for many a proxy: the rest is subscribed once it is open.
const queryMax = 7000;
const streamsARequest = 100;
/** The largest message known is some hundred kilobytes. */
const payloadMax = 8 * 1024 * 1024;
const answerWithinMs = 10_000;
const closeWithinMs = 1_000;
const serverShutdown = 'serverShutdown';

export function openStreamSocket(options: StreamSocketOptions): StreamSocket {
  const { clock, counters, idleMs } = options;
  const pacer = createControlPacer(options.controlPerSecond);
  let wanted = new Set(options.streams);
  /** Asked for, and not refused so far. */
  const subscribed = new Set<string>();
  const confirmed = new Set<string>();
  /** Those of requests that were refused: each is asked for alone, after all others, so that one cannot keep them out. */
  const doubtful = new Set<string>();
  let doubtfulAt = 0;
  /** Requests without an answer, by their id. */
  const asked = new Map<
    number,
    { readonly method: Step['method']; readonly streams: readonly string[]; readonly at: number }
  >();
  let lastId = 0;
  let lastFrameAt = performance.now();
  let pingedAt: number | undefined;
  let over = false;
  let flushTimer: NodeJS.Timeout | undefined;
  let watchdog: NodeJS.Timeout | undefined;

  // Deflate costs more on a small machine than the bytes that it saves.
  const socket = new WebSocket(firstUrl(), {
    perMessageDeflate: false,
    maxPayload: payloadMax,
    handshakeTimeout: options.handshakeMs,
    followRedirects: false,
  });

  function firstUrl(): string {
    let query = '';
    for (const stream of wanted) {
      const longer = query === '' ? stream : `${query}/${stream}`;
      if (longer.length > queryMax) break;
      query = longer;
      subscribed.add(stream);
    }
    return `${options.url}?streams=${query}`;
  }

  function end(detail: string, status?: number, retryAtMs?: number): void {
    if (over) return;
    release();
    socket.terminate();
    options.onEnd({ detail, status, retryAtMs });
  }

  function release(): void {
    over = true;
    clearTimeout(flushTimer);
    clearInterval(watchdog);
  }

  function sent(): void {
    pacer.sent();
    counters.controls++;
  }

  /** Brings the streams that are subscribed to those that are wanted, as fast as the exchange allows. */
  function flush(): void {
    clearTimeout(flushTimer);
    flushTimer = undefined;
    while (!over && socket.readyState === WebSocket.OPEN) {
      const step = nextStep();
      if (step === undefined) return;
      const waitMs = Math.max(pacer.waitMs(), step.notBefore - performance.now());
      if (waitMs > 0) {
        flushTimer = setTimeout(flush, waitMs);
        return;
      }
      const { method, streams } = step;
      const id = ++lastId;
      asked.set(id, { method, streams, at: performance.now() });
      for (const stream of streams) {
        if (method === 'SUBSCRIBE') subscribed.add(stream);
        else {
          subscribed.delete(stream);
          confirmed.delete(stream);
        }
      }
      sent();
      socket.send(JSON.stringify({ method, params: streams, id }));
    }
  }

  function nextStep(): Step | undefined {
    const add = firstOf(wanted, (stream) => !subscribed.has(stream) && !doubtful.has(stream));
    if (add.length > 0) return { method: 'SUBSCRIBE', streams: add, notBefore: 0 };
    const remove = firstOf(subscribed, (stream) => !wanted.has(stream));
    if (remove.length > 0) return { method: 'UNSUBSCRIBE', streams: remove, notBefore: 0 };
    for (const stream of doubtful) {
      if (wanted.has(stream) && !subscribed.has(stream)) {
        return { method: 'SUBSCRIBE', streams: [stream], notBefore: doubtfulAt };
      }
    }
    return undefined;
  }

  function onControl(text: string): void {
    const answer = parseObject(text);
    const id = answer?.id;
    const request = typeof id === 'number' ? asked.get(id) : undefined;
    if (answer === undefined || request === undefined) return;
    asked.delete(Number(id));
    const { method, streams } = request;
    const refusal = answer.error ?? (answer.code === undefined ? undefined : answer);
    if (refusal === undefined) {
      if (method === 'UNSUBSCRIBE') return;
      for (const stream of streams) {
        doubtful.delete(stream);
        if (subscribed.has(stream)) confirmed.add(stream);
      }
      options.onConfirmed();
      return;
    }
    options.onRefused(`${method} of ${streams.length} streams: ${JSON.stringify(refusal).slice(0, 200)}`);
    // What it would not drop goes on, and is ignored.
    if (method === 'UNSUBSCRIBE') return;
    for (const stream of streams) {
      subscribed.delete(stream);
      doubtful.delete(stream);
      doubtful.add(stream);
    }
    if (streams.length === 1) doubtfulAt = performance.now() + options.refusedPauseMs;
    if (flushTimer === undefined) flush();
  }

  function watch(): void {
    const everyMs = Math.max(10, idleMs / 6);
    let tickedAt = performance.now();
    watchdog = setInterval(() => {
      const now = performance.now();
      const lateMs = now - tickedAt - everyMs;
      tickedAt = now;
      counters.longestStallMs = Math.max(counters.longestStallMs, lateMs);
      // When this process slept or was busy, what came meanwhile has not been read yet: it proves nothing.
      if (lateMs > everyMs) return;
      const silentMs = now - lastFrameAt;
      if (pingedAt !== undefined && now - pingedAt > idleMs / 2) {
        return end(`half-open: no frame for ${Math.round(silentMs)} ms`);
      }
      if (silentMs > idleMs / 2 && pingedAt === undefined) {
        pingedAt = now;
        sent();
        socket.ping();
      }
      for (const request of asked.values()) {
        if (now - request.at > answerWithinMs) return end(`no answer to ${request.method} in ${answerWithinMs} ms`);
      }
    }, everyMs);
  }

  function heard(): void {
    lastFrameAt = performance.now();
    pingedAt = undefined;
  }

  socket.on('open', () => {
    heard();
    watch();
    for (const stream of subscribed) confirmed.add(stream);
    options.onOpen();
    flush();
  });
  socket.on('message', (data: Buffer) => {
    if (over) return;
    const receivedAtMs = clock();
    heard();
    counters.messages++;
    counters.bytes += data.length;
    if (isOfStream(data)) return options.onData(data, receivedAtMs);
    const text = data.toString('utf8');
    if (text.includes(serverShutdown)) options.onShutdown();
    else if (parseObject(text)?.stream !== undefined) options.onData(data, receivedAtMs);
    else onControl(text);
  });
  socket.on('ping', () => {
    // ws has answered it with a pong of the same payload.
    heard();
    counters.pings++;
    sent();
  });
  socket.on('pong', heard);
  socket.on('unexpected-response', (request, response) => {
    const status = response.statusCode;
    const retryAtMs = parseRetryAfter(response.headers['retry-after'], clock());
    response.destroy();
    request.destroy();
    end(`HTTP ${status} instead of an upgrade`, status, retryAtMs);
  });
  socket.on('error', (error) => end(error.message));
  socket.on('close', (code, reason) =>
    end(`closed by the exchange: ${code} ${reason.toString('utf8').slice(0, 100)}`.trim()),
  );

  return {
    get isOpen() {
      return !over && socket.readyState === WebSocket.OPEN;
    },
    confirmed,
    setStreams: (streams) => {
      wanted = new Set(streams);
      for (const stream of doubtful) if (!wanted.has(stream)) doubtful.delete(stream);
      flush();
    },
    close: () => {
      release();
      if (socket.readyState === WebSocket.CLOSED) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(() => socket.terminate(), closeWithinMs);
        socket.once('close', () => {
          clearTimeout(timer);
          resolve();
        });
        socket.close(1000);
      });
    },
  };
}

interface Step {
  readonly method: 'SUBSCRIBE' | 'UNSUBSCRIBE';
  readonly streams: readonly string[];
  /** By performance.now(). */
  readonly notBefore: number;
}

/** Up to a request's number of them. */
function firstOf(streams: ReadonlySet<string>, isMeant: (stream: string) => boolean): string[] {
  const found: string[] = [];
  for (const stream of streams) {
    if (!isMeant(stream)) continue;
    found.push(stream);
    if (found.length === streamsARequest) break;
  }
  return found;
}

// `{"stream":` and not `{"result":`, `{"error":`, `{"code":`, `{"e":"serverShutdown"`: told by one byte, for there are thousands a second.
const letterS = 0x73;
const shortNotice = 256;
function isOfStream(data: Buffer): boolean {
  if (data[2] !== letterS) return false;
  // A notice may come wrapped as a stream's message; it is short, and most messages are not.
  return data.length > shortNotice || data.indexOf(serverShutdown) < 0;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
