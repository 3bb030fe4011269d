import websocket from '@fastify/websocket';
import type { WebSocket } from 'ws';
import { describeError } from '../../runtime/errors.ts';
import type { HttpApp } from '../../runtime/http.ts';
import { ProblemError } from '../../runtime/http-problem.ts';
import type { RouteDeps } from '../deps.ts';
import { createSlots } from '../slots.ts';
import { createSendBudget, type SenderLimits } from './sender.ts';
import { createSession, type Session } from './session.ts';

export interface SocketOptions {
  readonly connectionsMax: number;
  readonly payloadBytesMax: number;
  /** How often a ping is sent. */
  readonly pingMs: number;
  /** How long a connection may be silent, pongs included. */
  readonly silentMs: number;
  readonly sender?: SenderLimits | undefined;
}

export const socketDefaults: SocketOptions = {
  connectionsMax: 500,
  payloadBytesMax: 64 * 1024,
  pingMs: 20_000,
  silentMs: 60_000,
};

/** How long clients get for their part of the closing handshake when the service ends. */
const goodbyeMs = 1_000;
const checkMs = 1_000;
/** Resumes that read at one time: each reads up to thousands of updates. */
const resumesMax = 4;
const path = '/ws';

/** GET /ws: see protocol.ts. */
export async function addSocketRoutes(app: HttpApp, deps: RouteDeps, options: SocketOptions): Promise<void> {
  const { clock, log } = deps;
  const open = new Map<WebSocket, { readonly session: Session; heardAt: number; pingedAt: number }>();
  const budget = createSendBudget();
  const resumes = createSlots({ max: resumesMax });
  let closing = false;

  await app.register(websocket, {
    options: { maxPayload: options.payloadBytesMax, perMessageDeflate: false },
    // `ws` has closed the connection with the code that fits: 1009 for what is too long, 1007 for what is no UTF-8, 1002.
    errorHandler: (error, _socket, request) =>
      log.debug({ requestId: request.id, reason: error.message }, 'socket error'),
    preClose: (done) => {
      closing = true;
      clearInterval(timer);
      goodbye([...open.keys()]).then(() => done(), done);
    },
  });

  const timer = setInterval(() => {
    const now = clock();
    for (const [socket, connection] of open) {
      connection.session.check();
      if (now - connection.heardAt >= options.silentMs) socket.terminate();
      else if (now - connection.pingedAt >= options.pingMs) {
        connection.pingedAt = now;
        socket.ping();
      }
    }
  }, checkMs);
  timer.unref();

  function receive(session: Session, text: string): void {
    try {
      session.receive(text);
    } catch (error) {
      // One client's message must not end the others' connections.
      log.error({ reason: error instanceof Error ? error.stack : describeError(error) }, 'socket message failed');
      session.close(1011, 'an error of ours');
    }
  }

  function serve(socket: WebSocket): void {
    const outlet = {
      get bufferedAmount() {
        return socket.bufferedAmount;
      },
      // A write that went well is told as null.
      send: (text: string, onWritten: (error?: Error) => void) =>
        socket.send(text, (error: Error | null | undefined) => onWritten(error ?? undefined)),
      close: (code: number, reason: string) => socket.close(code, reason),
      terminate: () => socket.terminate(),
    };
    const session = createSession(outlet, { ...deps, limits: options.sender, budget, resumes });
    const connection = { session, heardAt: clock(), pingedAt: clock() };
    open.set(socket, connection);
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
      session.stop();
    });
  }

  // The plugin would take the connection and close it without a word.
  app.addHook('onRequest', (request, _reply, next) => {
    next(request.ws && !request.is404 && request.routeOptions.url !== path ? noSocketHere() : undefined);
  });
  app.route({
    method: 'GET',
    url: path,
    schema: { hide: true },
    preHandler: (request, reply, next) => {
      if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
        reply.headers({ upgrade: 'websocket', connection: 'upgrade' });
        next(upgradeRequired());
      } else if (closing || open.size >= options.connectionsMax) next(tooManyConnections(options.connectionsMax));
      else next();
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

function noSocketHere(): ProblemError {
  return new ProblemError({
    status: 400,
    code: 'no-websocket',
    title: 'This path speaks no WebSocket',
    detail: `Connect to ${path}, or ask without the header upgrade.`,
  });
}

function upgradeRequired(): ProblemError {
  return new ProblemError({
    status: 426,
    code: 'upgrade-required',
    title: 'This path speaks WebSocket',
    detail: 'Connect to it with a WebSocket client; /docs describes the messages.',
  });
}

function tooManyConnections(max: number): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'too-many-connections',
    title: 'Too many connections',
    detail: `${max} connections are open already, or the service is going away: try again in some seconds.`,
    headers: { 'retry-after': '5' },
  });
}
