import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Market } from '../../market-collector/binance/messages.ts';
import type { ExchangeLimits, Violation } from './exchange-limits.ts';
import { createWindowLimit } from './rate-limits.ts';
import { answerControl, type Subscriptions } from './stream-control.ts';
import type { ExchangeMessage } from './stream-text.ts';
import { textFrame } from './text-frame.ts';

export interface StreamCounts {
  /** Attempts, those refused included. */
  readonly connects: number;
  readonly refusedConnects: number;
  readonly connections: number;
  /** Streams that are listened to, each connection's counted. */
  readonly subscriptions: number;
  readonly messagesSent: number;
  readonly bytesSent: number;
  /** Frames that came from clients. */
  readonly framesReceived: number;
  /** Most connections at one time. */
  readonly connectionsMax: number;
}

/** Which connections: all, or those that listen to one of these streams. */
export interface ConnectionFilter {
  readonly streams?: readonly string[];
}

/** The streams of one market: who listens, and what they are told. */
export interface StreamHub {
  /** Whether anybody listens. */
  wants(stream: string): boolean;
  publish(messages: readonly ExchangeMessage[]): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** `reset` without a word, `close` with a closing frame. Gives how many. */
  cut(how: 'close' | 'reset', which?: ConnectionFilter): number;
  /** Half-open: nothing is sent, nothing is read, nothing is closed. Gives how many. */
  goSilent(which?: ConnectionFilter): number;
  /** Says `serverShutdown`, and closes what is still there so much later. */
  shutDown(noticeMs: number): void;
  refuseConnections(refuse: boolean): void;
  counts(): StreamCounts;
  /** The most that any client has left unread. */
  unreadBytes(): number;
  stop(): void;
}

interface Connection {
  readonly ws: WebSocket;
  readonly socket: Duplex;
  readonly subscriptions: Subscriptions;
  readonly delivers: (message: ExchangeMessage) => boolean;
  readonly timers: Set<NodeJS.Timeout>;
  pending: Buffer[];
  silent: boolean;
  lastPongAtMs: number;
}

const pathPattern = /^(?:\/(public|market))?\/(stream|ws)(?:\/(.*))?$/;

export function createStreamHub(options: {
  readonly market: Market;
  readonly limits: ExchangeLimits;
  readonly clock: () => number;
  /** USDⓈ-M serves books below /public and trades below /market, and nothing elsewhere; true: everything everywhere. */
  readonly servesOldPaths: boolean;
  readonly onViolation: (violation: Violation) => void;
}): StreamHub {
  const { market, limits, clock, onViolation } = options;
  const server = new WebSocketServer({
    noServer: true,
    autoPong: false,
    perMessageDeflate: false,
    maxPayload: 1 << 20,
  });
  const connections = new Set<Connection>();
  const listeners = new Map<string, Set<Connection>>();
  const addresses = new Map<string, () => boolean>();
  const counts = {
    connects: 0,
    refusedConnects: 0,
    messagesSent: 0,
    bytesSent: 0,
    framesReceived: 0,
    connectionsMax: 0,
  };
  let refuses = false;

  function later(own: Set<NodeJS.Timeout>, ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      own.delete(timer);
      action();
    }, ms);
    own.add(timer);
  }

  function handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    counts.connects++;
    const address = request.socket.remoteAddress ?? '';
    const allows = addresses.get(address) ?? createWindowLimit(limits.connectsPer5Minutes, 300_000, clock);
    addresses.set(address, allows);
    const isAllowed = allows();
    if (!isAllowed) onViolation('connects');
    // `//` is a path that a client may send, and no address.
    const url = URL.parse(request.url ?? '/', 'http://exchange') ?? new URL('http://exchange/unreadable');
    const path = pathPattern.exec(url.pathname);
    const [, route, kind, names] = path ?? [];
    const status = !isAllowed
      ? '429 Too Many Requests'
      : refuses
        ? '503 Service Unavailable'
        : path === null || (route !== undefined && market !== 'usdm')
          ? '404 Not Found'
          : undefined;
    if (status !== undefined) {
      counts.refusedConnects++;
      socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
      return;
    }
    const asked = kind === 'ws' ? names : url.searchParams.get('streams');
    const streams = new Set((asked ?? '').split('/').filter((name) => name !== ''));
    server.handleUpgrade(request, socket, head, (ws) =>
      open({
        ws,
        socket,
        subscriptions: { streams, combined: kind === 'stream' },
        delivers: delivery(route),
        timers: new Set(),
        pending: [],
        silent: false,
        lastPongAtMs: clock(),
      }),
    );
  }

  function delivery(route: string | undefined): Connection['delivers'] {
    if (market !== 'usdm' || options.servesOldPaths) return () => true;
    if (route === undefined) return () => false;
    return ({ kind }) => (route === 'public') === (kind === 'depth' || kind === 'ticker');
  }

  function open(connection: Connection): void {
    const { ws, subscriptions } = connection;
    connections.add(connection);
    counts.connectionsMax = Math.max(counts.connectionsMax, connections.size);
    listen(connection, subscriptions.streams);
    ws.on('error', () => undefined);
    ws.on('close', () => forget(connection));
    const isWithinRate = createWindowLimit(limits.messagesPerSecond, 1000, clock);
    const received = (): boolean => {
      counts.framesReceived++;
      if (isWithinRate()) return !connection.silent;
      onViolation('messages');
      ws.close(1008, 'Too many requests');
      return false;
    };
    ws.on('ping', (payload) => {
      if (received()) ws.pong(payload);
    });
    ws.on('pong', () => {
      connection.lastPongAtMs = clock();
      received();
    });
    ws.on('message', (data) => {
      if (!received()) return;
      const { text, added, removed } = answerControl(String(data), subscriptions);
      listen(connection, added);
      for (const stream of removed) unlisten(connection, stream);
      if (hasTooManyStreams(connection)) return;
      ws.send(text);
    });
    if (hasTooManyStreams(connection)) return;
    keepAlive(connection);
    const { connectionLifeMs, shutdownNoticeMs } = limits;
    if (shutdownNoticeMs > 0 && shutdownNoticeMs < connectionLifeMs) {
      later(connection.timers, connectionLifeMs - shutdownNoticeMs, () => announce(connection));
    }
    later(connection.timers, connectionLifeMs, () => end(connection, 1001, 'the connection is too old'));
  }

  function hasTooManyStreams({ ws, subscriptions }: Connection): boolean {
    if (subscriptions.streams.size <= limits.streamsPerConnection) return false;
    onViolation('streams');
    ws.close(1008, 'Too many streams');
    return true;
  }

  function keepAlive(connection: Connection): void {
    const { ws, timers: own } = connection;
    const check = (): void => {
      if (clock() - connection.lastPongAtMs > limits.pongWithinMs) {
        if (!connection.silent) onViolation('no pong');
        ws.terminate();
        return;
      }
      if (!connection.silent) ws.ping(String(clock()));
      later(own, limits.pingEveryMs, check);
    };
    later(own, limits.pingEveryMs, check);
  }

  function listen(connection: Connection, streams: Iterable<string>): void {
    for (const stream of streams) {
      const those = listeners.get(stream) ?? new Set();
      listeners.set(stream, those.add(connection));
    }
  }

  function unlisten(connection: Connection, stream: string): void {
    const those = listeners.get(stream);
    those?.delete(connection);
    if (those?.size === 0) listeners.delete(stream);
  }

  function forget(connection: Connection): void {
    connections.delete(connection);
    for (const stream of connection.subscriptions.streams) unlisten(connection, stream);
    for (const timer of connection.timers) clearTimeout(timer);
  }

  function announce({ ws, subscriptions, silent }: Connection): void {
    if (silent) return;
    const event = `{"e":"serverShutdown","E":${clock()}}`;
    ws.send(subscriptions.combined ? `{"stream":"!serverShutdown","data":${event}}` : event);
  }

  function end({ ws, silent }: Connection, code: number, reason: string): void {
    if (silent) ws.terminate();
    else ws.close(code, reason);
  }

  function publish(messages: readonly ExchangeMessage[]): void {
    for (const message of messages) {
      const those = listeners.get(message.stream);
      if (those === undefined) continue;
      let raw: Buffer | undefined;
      let combined: Buffer | undefined;
      for (const connection of those) {
        if (connection.silent || !connection.delivers(message)) continue;
        if (connection.subscriptions.combined) {
          combined ??= textFrame(`{"stream":"${message.stream}","data":${message.text}}`);
          connection.pending.push(combined);
        } else {
          raw ??= textFrame(message.text);
          connection.pending.push(raw);
        }
      }
    }
    for (const connection of connections) if (connection.pending.length > 0) flush(connection);
  }

  /** All frames of this moment in one write. They are whole, so that those of the library never fall between their parts. */
  function flush(connection: Connection): void {
    const { ws, socket, pending } = connection;
    connection.pending = [];
    if (ws.readyState !== ws.OPEN || connection.silent) return;
    const bytes = pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending);
    counts.messagesSent += pending.length;
    counts.bytesSent += bytes.length;
    socket.write(bytes);
    if (socket.writableLength <= limits.unreadBytesMax) return;
    onViolation('unread');
    ws.terminate();
  }

  function chosen({ streams }: ConnectionFilter = {}): Connection[] {
    if (streams === undefined) return [...connections];
    return [...connections].filter(({ subscriptions }) => streams.some((name) => subscriptions.streams.has(name)));
  }

  return {
    wants: (stream) => listeners.has(stream),
    publish,
    handleUpgrade,
    cut: (how, which) => {
      const those = chosen(which);
      for (const connection of those) {
        if (how === 'close') end(connection, 1001, 'going away');
        else if ('resetAndDestroy' in connection.socket)
          (connection.socket as { resetAndDestroy(): void }).resetAndDestroy();
        else connection.ws.terminate();
      }
      return those.length;
    },
    goSilent: (which) => {
      const those = chosen(which);
      for (const connection of those) {
        connection.silent = true;
        connection.socket.pause();
      }
      return those.length;
    },
    shutDown: (noticeMs) => {
      for (const connection of connections) {
        announce(connection);
        later(connection.timers, noticeMs, () => end(connection, 1001, 'the server shuts down'));
      }
    },
    refuseConnections: (refuse) => {
      refuses = refuse;
    },
    counts: () => ({
      ...counts,
      connections: connections.size,
      subscriptions: [...listeners.values()].reduce((sum, those) => sum + those.size, 0),
    }),
    unreadBytes: () => Math.max(0, ...[...connections].map(({ socket }) => socket.writableLength)),
    stop: () => {
      for (const connection of connections) {
        forget(connection);
        connection.ws.terminate();
      }
    },
  };
}
