import websocket from '@fastify/websocket';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Counter, Gauge } from 'prom-client';
import type { WebSocket } from 'ws';
import { callerOf } from '../caller.ts';
import { describeError } from '../errors.ts';
import { type HttpApp, problemResponses } from '../http.ts';
import type { ProblemError } from '../http-problem.ts';
import type { Refusal } from './client-message.ts';
import { noSocketHere, tooMany, upgradeRequired } from './refusals.ts';
import type { Outlet, SenderLimits } from './sender.ts';

export interface SocketOptions {
  /** Of this process. Bounds what it holds for clients that do not read: see `createSendBudget`. */
  readonly connectionsMax: number;
  /** Of one token, or of one address where there is none. */
  readonly connectionsPerCallerMax: number;
  readonly payloadBytesMax: number;
  /** How often a ping is sent. */
  readonly pingMs: number;
  /** How long a connection may be silent, pongs included. */
  readonly silentMs: number;
  readonly sender?: SenderLimits | undefined;
}

export const socketDefaults: SocketOptions = {
  connectionsMax: 500,
  connectionsPerCallerMax: 100,
  payloadBytesMax: 64 * 1024,
  pingMs: 20_000,
  silentMs: 60_000,
};

/** As by default, but for so many connections. */
export function socketOptions(connectionsMax: number | undefined): SocketOptions {
  return { ...socketDefaults, ...(connectionsMax === undefined ? {} : { connectionsMax }) };
}

/** One connection: what it follows, and what it is sent. */
export interface Session {
  receive(text: string): void;
  refuse(refusal: Refusal): void;
  /** To be called every few seconds. */
  check(): void;
  close(code: number, reason: string): void;
  /** The connection is gone: ends all that it follows. */
  stop(): void;
}

export interface SocketRoute {
  readonly path: string;
  readonly summary: string;
  readonly options: SocketOptions;
  open(outlet: Outlet): Session;
  readonly clients: Gauge;
  /** They, of as many as there may be. */
  readonly taken: Gauge.Internal<string>;
  /** Messages sent. */
  readonly messages: Counter;
  /** Clients sent away, by `reason`: slow, limit, protocol, silent, shutdown. */
  readonly dropped: Counter;
  readonly clock: () => number;
  readonly log: Logger;
}

interface Connection {
  readonly session: Session;
  readonly caller: string;
  heardAt: number;
  pingedAt: number;
}

/** What the closing codes of a session say of a client that is sent away. */
const reasonsOf: ReadonlyMap<number, string> = new Map([
  [1008, 'limit'],
  [1013, 'slow'],
]);

/** How long clients get for their part of the closing handshake when the service ends. */
const goodbyeMs = 1_000;
const checkMs = 1_000;

/**
 * Adds the one path of an app that speaks WebSocket: takes connections within the limits, pings them, ends those that are silent,
 * and says goodbye with 1001 when the app closes. What is said over them is its sessions' own.
 */
export async function addSocketRoute(app: HttpApp, route: SocketRoute): Promise<void> {
  const { path, options, clients, taken, messages, dropped, clock, log } = route;
  const open = new Map<WebSocket, Connection>();
  let closing = false;

  await app.register(websocket, {
    options: { maxPayload: options.payloadBytesMax, perMessageDeflate: false, handleProtocols: protocolOf },
    // `ws` has closed the connection with the code that fits: 1009 for what is too long, 1007 for what is no UTF-8, 1002.
    errorHandler: (error, _socket, request) => {
      if ('code' in error && String(error.code).startsWith('WS_ERR_')) dropped.inc({ reason: 'protocol' });
      log.debug({ requestId: request.id, reason: error.message }, 'socket error');
    },
    preClose: (done) => {
      closing = true;
      clearInterval(timer);
      dropped.inc({ reason: 'shutdown' }, open.size);
      goodbye([...open.keys()]).then(() => done(), done);
    },
  });

  count();
  const timer = setInterval(() => {
    const now = clock();
    for (const [socket, connection] of open) {
      connection.session.check();
      if (now - connection.heardAt >= options.silentMs) {
        dropped.inc({ reason: 'silent' });
        socket.terminate();
      } else if (now - connection.pingedAt >= options.pingMs) {
        connection.pingedAt = now;
        socket.ping();
      }
    }
  }, checkMs);
  timer.unref();

  function count(): void {
    clients.set(open.size);
    taken.set(open.size / options.connectionsMax);
  }

  function receive(session: Session, text: string): void {
    try {
      session.receive(text);
    } catch (error) {
      // One client's message must not end the others' connections.
      log.error({ reason: error instanceof Error ? error.stack : describeError(error) }, 'socket message failed');
      session.close(1011, 'an error of ours');
    }
  }

  function serve(socket: WebSocket, request: FastifyRequest): void {
    const outlet = {
      get bufferedAmount() {
        return socket.bufferedAmount;
      },
      // A write that went well is told as null.
      send: (text: string, onWritten: (error?: Error) => void) => {
        messages.inc();
        socket.send(text, (error: Error | null | undefined) => onWritten(error ?? undefined));
      },
      close: (code: number, reason: string) => {
        const why = reasonsOf.get(code);
        if (why !== undefined) dropped.inc({ reason: why });
        socket.close(code, reason);
      },
      terminate: () => socket.terminate(),
    };
    const session = route.open(outlet);
    const connection = { session, caller: callerOf(request), heardAt: clock(), pingedAt: clock() };
    open.set(socket, connection);
    count();
    const heard = (): void => {
      connection.heardAt = clock();
    };
    socket.on('pong', heard);
    socket.on('ping', heard);
    socket.on('message', (data, isBinary) => {
      heard();
      if (isBinary) session.refuse({ id: null, code: 'invalid-message', detail: 'it is binary: send JSON as text' });
      else receive(session, data.toString());
    });
    socket.on('close', () => {
      open.delete(socket);
      count();
      session.stop();
    });
  }

  /** Why no connection can be had now; undefined when it can. */
  function refusalOf(request: FastifyRequest): ProblemError | undefined {
    const { connectionsMax, connectionsPerCallerMax } = options;
    if (closing) return tooMany('The service is going away');
    if (open.size >= connectionsMax) return tooMany(`${connectionsMax} connections are open already`);
    const caller = callerOf(request);
    const own = [...open.values()].filter((connection) => connection.caller === caller).length;
    return own < connectionsPerCallerMax ? undefined : tooMany(`${own} connections are open already of this caller`);
  }

  // The plugin would take the connection and close it without a word.
  app.addHook('onRequest', (request, _reply, next) => {
    next(request.ws && !request.is404 && request.routeOptions.url !== path ? noSocketHere(path) : undefined);
  });
  app.route({
    method: 'GET',
    url: path,
    schema: {
      tags: ['live'],
      operationId: 'follow',
      summary: route.summary,
      description: 'A WebSocket: its messages are described at the top of this page.',
      security: [{ bearer: [] }],
      response: {
        101: { description: 'It is a WebSocket from here on', type: 'null' },
        ...problemResponses({ 426: 'The request asks for no WebSocket', 503: 'Too many connections: try again later' }),
      },
    },
    preHandler: (request, reply, next) => {
      if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
        reply.headers({ upgrade: 'websocket', connection: 'upgrade' });
        next(upgradeRequired());
        return;
      }
      const refusal = refusalOf(request);
      if (refusal !== undefined) dropped.inc({ reason: 'limit' });
      next(refusal);
    },
    handler: () => undefined,
    wsHandler: serve,
  });
}

async function goodbye(sockets: readonly WebSocket[]): Promise<void> {
  const closed = sockets.map(
    (socket) =>
      new Promise<void>((resolve) =>
        socket.readyState === socket.CLOSED ? resolve() : socket.once('close', () => resolve()),
      ),
  );
  for (const socket of sockets) socket.close(1001, 'the service is going away: connect again');
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.terminate();
  }, goodbyeMs);
  await Promise.all(closed);
  clearTimeout(timer);
}

/**
 * A client ends the connection unless a subprotocol that it offered is chosen. Some put a token after the word `bearer`: the word is
 * chosen, never the token, which the gateway does not read there.
 */
function protocolOf(offered: Set<string>): string | false {
  if (offered.has('bearer')) return 'bearer';
  const [first] = offered;
  return first ?? false;
}
