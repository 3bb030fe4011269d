import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** A server of combined streams on loopback, which does as a test says. */
export interface StreamServer {
  readonly url: string;
  /** Those that are open, in the order in which they came. */
  readonly peers: readonly Peer[];
  /** All attempts, refused ones included. */
  readonly attempts: readonly string[];
  /** When each came, by performance.now(). */
  readonly attemptTimes: readonly number[];
  /** To all who follow the stream. */
  publish(stream: string, data: object): void;
  /** The next upgrades are answered so; undefined: again by an upgrade. */
  refuseWith(status: number | undefined, headers?: Readonly<Record<string, string>>): void;
  close(): Promise<void>;
}

export interface Peer {
  readonly socket: WebSocket;
  readonly path: string;
  readonly streams: Set<string>;
  /** Requests, with the times of all frames that came, by performance.now(). */
  readonly requests: { readonly method: string; readonly params: readonly string[]; readonly id: number }[];
  readonly frameTimes: number[];
  /** It answers no request and no ping, and publishes nothing. */
  mute: boolean;
  /** Publishes so much later. */
  delayMs: number;
  /** It answers requests by this error. */
  requestError: object | undefined;
}

export async function startStreamServer(): Promise<StreamServer> {
  const server = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ noServer: true, autoPong: false });
  const peers: Peer[] = [];
  const attempts: string[] = [];
  const attemptTimes: number[] = [];
  // One after the other on each socket, whatever its delay.
  const outboxes = new Map<WebSocket, { readonly text: string; readonly dueAt: number }[]>();
  let refusal: { readonly status: number; readonly headers: Readonly<Record<string, string>> } | undefined;

  server.on('upgrade', (request, raw, head) => {
    attempts.push(request.url ?? '');
    attemptTimes.push(performance.now());
    if (refusal !== undefined) {
      const headers = Object.entries(refusal.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      raw.end(`HTTP/1.1 ${refusal.status} No\r\n${headers.join('')}Content-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, raw, head, (socket) => greet(socket, request));
  });

  function greet(socket: WebSocket, request: IncomingMessage): void {
    const url = new URL(request.url ?? '', 'http://localhost');
    const asked = (url.searchParams.get('streams') ?? '').split('/').filter((name) => name !== '');
    const peer: Peer = {
      socket,
      path: url.pathname,
      streams: new Set(asked),
      requests: [],
      frameTimes: [],
      mute: false,
      delayMs: 0,
      requestError: undefined,
    };
    peers.push(peer);
    socket.on('ping', (data) => {
      peer.frameTimes.push(performance.now());
      if (!peer.mute) socket.pong(data);
    });
    socket.on('pong', () => peer.frameTimes.push(performance.now()));
    socket.on('message', (text) => {
      peer.frameTimes.push(performance.now());
      const message = JSON.parse(String(text)) as { method: string; params: string[]; id: number };
      peer.requests.push(message);
      if (peer.mute) return;
      if (peer.requestError !== undefined) {
        socket.send(JSON.stringify({ error: peer.requestError, id: message.id }));
        return;
      }
      for (const stream of message.params) {
        if (message.method === 'SUBSCRIBE') peer.streams.add(stream);
        else peer.streams.delete(stream);
      }
      socket.send(JSON.stringify({ result: null, id: message.id }));
    });
    socket.on('close', () => peers.splice(peers.indexOf(peer), 1));
    socket.on('error', () => undefined);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    peers,
    attempts,
    attemptTimes,
    publish: (stream, data) => {
      const text = JSON.stringify({ stream, data });
      for (const { streams, mute, delayMs, socket } of peers) {
        if (mute || !streams.has(stream)) continue;
        const queue = outboxes.get(socket) ?? [];
        outboxes.set(socket, queue);
        queue.push({ text, dueAt: Math.max(performance.now() + delayMs, queue.at(-1)?.dueAt ?? 0) });
        setTimeout(() => {
          while (queue[0] !== undefined && queue[0].dueAt <= performance.now()) socket.send(queue.shift()?.text ?? '');
        }, delayMs + 2);
      }
    },
    refuseWith: (status, headers = {}) => {
      refusal = status === undefined ? undefined : { status, headers };
    },
    close: async () => {
      for (const { socket } of [...peers]) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
