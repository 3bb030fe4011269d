import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { type UpstreamName, upstreamCloseCodes, upstreamNames } from '../contracts/admin-answers.ts';
import { describeError } from '../runtime/errors.ts';
import type { HttpApp } from '../runtime/http.ts';
import { callerAddress, createProxyTrust } from '../runtime/proxies.ts';
import { tokenFor } from './token.ts';
import { titles, upstreamPath, variables } from './upstreams.ts';

export interface SocketsOptions {
  readonly upstreams: Readonly<Partial<Record<UpstreamName, string>>>;
  /** Gateways that tell who calls. */
  readonly trustedProxies?: readonly string[] | undefined;
  readonly log: Logger;
  readonly limits?: SocketLimits;
}

export interface SocketLimits {
  readonly connectionsMax: number;
  /** Of one message, either way. */
  readonly payloadBytesMax: number;
  /** More than this waiting for one side, the other is not read on. */
  readonly bufferBytesMax: number;
  /** How long an API may take to take a connection. */
  readonly connectMs: number;
  /** How often both sides are asked whether they are there, and how long each may be silent. */
  readonly pingMs: number;
  readonly silentMs: number;
}

export const socketLimits: SocketLimits = {
  connectionsMax: 500,
  payloadBytesMax: 4 * 1024 * 1024,
  bufferBytesMax: 256 * 1024,
  connectMs: 5_000,
  pingMs: 20_000,
  silentMs: 60_000,
};

interface Passage {
  readonly client: WebSocket;
  readonly upstream: WebSocket;
  clientHeardAt: number;
  upstreamHeardAt: number;
}

/** How long both sides get for the closing handshake when the service ends. */
const goodbyeMs = 1_000;

/**
 * Passes WebSockets at /admin/api/<name>/ws on to /ws of the API. Each side is read only as fast as the other takes it, so that
 * an API sees a slow reader as such and can leave out what it may: @fastify/http-proxy would buffer without a bound. How the API
 * closes is passed on; if it is away the client is told so by upstreamCloseCodes, and if it breaks off at once.
 */
export function addSockets(app: HttpApp, options: SocketsOptions): void {
  const { upstreams, trustedProxies = [], log, limits = socketLimits } = options;
  const isTrusted = createProxyTrust(trustedProxies);
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.payloadBytesMax,
  });
  const open = new Set<Passage>();
  const names: ReadonlyMap<string, UpstreamName> = new Map(
    upstreamNames.map((name) => [`${upstreamPath(name)}/ws`, name] as const),
  );

  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const name = names.get((request.url ?? '').split('?', 1)[0]?.replace(/\/$/, '') ?? '');
    if (name === undefined) return refuse(socket, '404 Not Found');
    if (!isOwnOrigin(request)) return refuse(socket, '403 Forbidden');
    server.handleUpgrade(request, socket, head, (client) => accept(name, client, request));
  });

  function accept(name: UpstreamName, client: WebSocket, request: IncomingMessage): void {
    // What is wrong with a connection is told by its end.
    client.on('error', (error) => log.debug({ upstream: name, reason: error.message }, 'socket error'));
    const upstream = upstreams[name];
    if (upstream === undefined) client.close(upstreamCloseCodes.away, `${variables[name]} is not set`);
    else if (open.size >= limits.connectionsMax) client.close(1013, 'too many connections: try again later');
    else passOn(name, client, connect(upstream, request, callerAddress(request, isTrusted), limits));
  }

  function passOn(name: UpstreamName, client: WebSocket, upstream: WebSocket): void {
    const passage: Passage = { client, upstream, clientHeardAt: Date.now(), upstreamHeardAt: Date.now() };
    open.add(passage);
    let reason = '';
    let wasOpen = false;
    // Until there is somebody to tell, the client waits in its own buffers.
    client.pause();
    pump(client, upstream, limits.bufferBytesMax);
    pump(upstream, client, limits.bufferBytesMax);
    for (const event of ['message', 'ping', 'pong'] as const) {
      client.on(event, () => {
        passage.clientHeardAt = Date.now();
      });
      upstream.on(event, () => {
        passage.upstreamHeardAt = Date.now();
      });
    }
    upstream.on('open', () => {
      wasOpen = true;
      passage.upstreamHeardAt = Date.now();
      client.resume();
    });
    upstream.on('error', (error) => {
      reason = describeError(error);
    });
    upstream.on('close', (code, said) => {
      open.delete(passage);
      // A paused side would not hear that it is closed.
      client.resume();
      if (wasOpen && code !== 1006) return closeAs(client, code, said.toString());
      const { away, lost } = upstreamCloseCodes;
      log.debug({ upstream: name, reason }, wasOpen ? 'upstream socket lost' : 'upstream socket not opened');
      const title = titles[name];
      if (wasOpen) client.close(lost, shortReason(`${title} is gone`));
      else client.close(away, shortReason(`${title} cannot be reached${refusedBy(reason)}`));
    });
    client.on('close', (code, said) => {
      open.delete(passage);
      upstream.resume();
      if (upstream.readyState === WebSocket.OPEN && code !== 1006) closeAs(upstream, code, said.toString());
      else upstream.terminate();
    });
  }

  const timer = setInterval(() => {
    const now = Date.now();
    for (const { client, upstream, clientHeardAt, upstreamHeardAt } of open) {
      if (now - clientHeardAt >= limits.silentMs) client.terminate();
      else if (client.readyState === WebSocket.OPEN) client.ping();
      if (upstream.readyState !== WebSocket.OPEN) continue;
      if (now - upstreamHeardAt >= limits.silentMs) upstream.terminate();
      else upstream.ping();
    }
  }, limits.pingMs);
  timer.unref();

  app.addHook('preClose', async () => {
    clearInterval(timer);
    const clients = [...server.clients, ...[...open].map(({ client }) => client)];
    for (const client of clients) client.close(1001, 'the service is going away: connect again');
    const late = setTimeout(() => {
      for (const client of clients) client.terminate();
    }, goodbyeMs);
    await Promise.all(clients.map(closed));
    clearTimeout(late);
    for (const { upstream } of open) upstream.terminate();
  });
}

function connect(
  upstream: string,
  request: IncomingMessage,
  caller: string | undefined,
  limits: SocketLimits,
): WebSocket {
  const token = tokenFor(upstream, request.headers);
  const given = request.headers['x-request-id'];
  return new WebSocket(`${upstream.replace(/^http/, 'ws')}/ws`, {
    handshakeTimeout: limits.connectMs,
    perMessageDeflate: false,
    maxPayload: limits.payloadBytesMax,
    headers: {
      'x-request-id': typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID(),
      // As of reads: an API that trusts us counts the connections of each caller, not of all dashboards together.
      ...(caller === undefined ? {} : { 'x-forwarded-for': caller }),
      ...(token === undefined ? {} : { authorization: token }),
    },
  });
}

/** Sends on what one side says, and stops listening to it while too much waits for the other. */
function pump(from: WebSocket, to: WebSocket, bufferBytesMax: number): void {
  from.on('message', (data: RawData, binary: boolean) => {
    if (to.readyState !== WebSocket.OPEN) return;
    to.send(data, { binary }, () => {
      if (from.isPaused && to.bufferedAmount <= bufferBytesMax / 2) from.resume();
    });
    if (to.bufferedAmount > bufferBytesMax) from.pause();
  });
}

/** Closes one side as the other closed; codes that may not be sent become their nearest. */
function closeAs(socket: WebSocket, code: number, reason: string): void {
  if (code === 1005) socket.close();
  else if (code === 1004 || code === 1006 || code === 1015 || code < 1000) socket.close(upstreamCloseCodes.lost);
  else socket.close(code, shortReason(reason));
}

/** RFC 6455, 5.5: a control frame has 125 bytes, two of which are the code. */
function shortReason(text: string): string {
  let short = text;
  while (Buffer.byteLength(short) > 123) short = short.slice(0, -1);
  return short;
}

/** What the API answered in place of a WebSocket, if it did. */
function refusedBy(reason: string): string {
  const status = /unexpected server response: (\d{3})/i.exec(reason)?.[1];
  return status === undefined ? '' : `: it answered ${status}`;
}

/** A page of another origin could use the token that the browser keeps for ours. Programs send no origin. */
function isOwnOrigin({ headers }: IncomingMessage): boolean {
  const { origin, host, 'x-forwarded-host': forwarded } = headers;
  if (origin === undefined) return true;
  const from = URL.parse(origin)?.host;
  return from !== undefined && (from === host || from === forwarded);
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function closed(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState === WebSocket.CLOSED) resolve();
    else socket.once('close', () => resolve());
  });
}
