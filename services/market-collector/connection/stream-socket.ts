import WebSocket from 'ws';
import { parseRetryAfter } from '../rest/retry-after.ts';
import { createControlPacer } from './control-pacer.ts';
import { createSubscriptions } from './subscriptions.ts';

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
/** The largest message known is some hundred kilobytes. */
const payloadMax = 8 * 1024 * 1024;
const answerWithinMs = 10_000;
const closeWithinMs = 1_000;
const serverShutdown = 'serverShutdown';

export function openStreamSocket(options: StreamSocketOptions): StreamSocket {
  const { clock, counters, idleMs } = options;
  const pacer = createControlPacer(options.controlPerSecond);
  let lastFrameAt = performance.now();
  let pingedAt: number | undefined;
  let over = false;
  let watchdog: NodeJS.Timeout | undefined;

  const first = streamsForUrl(options.streams);
  // Deflate costs more on a small machine than the bytes that it saves.
  const socket = new WebSocket(`${options.url}?streams=${first.join('/')}`, {
    perMessageDeflate: false,
    maxPayload: payloadMax,
    handshakeTimeout: options.handshakeMs,
    followRedirects: false,
  });
  const subscriptions = createSubscriptions({
    wanted: options.streams,
    asked: first,
    waitMs: pacer.waitMs,
    send: (text) => {
      sent();
      socket.send(text);
    },
    refusedPauseMs: options.refusedPauseMs,
    onConfirmed: options.onConfirmed,
    onRefused: options.onRefused,
  });

  function end(detail: string, status?: number, retryAtMs?: number): void {
    if (over) return;
    release();
    socket.terminate();
    options.onEnd({ detail, status, retryAtMs });
  }

  function release(): void {
    over = true;
    subscriptions.stop();
    clearInterval(watchdog);
  }

  function sent(): void {
    pacer.sent();
    counters.controls++;
  }

  function watch(): void {
    const everyMs = Math.max(10, idleMs / 6);
    let tickedAt = performance.now();
    watchdog = setInterval(() => {
      const now = performance.now();
      const lateMs = now - tickedAt - everyMs;
      tickedAt = now;
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
      const request = subscriptions.oldest();
      if (request !== undefined && now - request.at > answerWithinMs) {
        end(`no answer to ${request.method} in ${answerWithinMs} ms`);
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
    subscriptions.begin();
    options.onOpen();
  });
  socket.on('message', (data: Buffer) => {
    if (over) return;
    const receivedAtMs = clock();
    heard();
    counters.messages++;
    counters.bytes += data.length;
    if (isOfStream(data)) return options.onData(data, receivedAtMs);
    const text = data.toString('utf8');
    if (text.includes(serverShutdown)) return options.onShutdown();
    const answer = parseObject(text);
    // What is neither an answer nor of a stream is for the consumer to judge.
    if (answer?.id === undefined) options.onData(data, receivedAtMs);
    else subscriptions.onAnswer(answer);
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
    confirmed: subscriptions.confirmed,
    setStreams: subscriptions.setWanted,
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

function streamsForUrl(streams: ReadonlySet<string>): string[] {
  const taken: string[] = [];
  let length = 0;
  for (const stream of streams) {
    length += stream.length + 1;
    if (length > queryMax) break;
    taken.push(stream);
  }
  return taken;
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
