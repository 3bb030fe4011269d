import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ConfigurationError, describeError } from './errors.ts';
import type { HttpApp } from './http.ts';
import { problemContentType, problemOf } from './http-problem.ts';

/** Below Fastify's own limit of 10 s for a hook. */
const drainMs = 8_000;
const requestMs = 30_000;
const keepAliveMs = 65_000;

/**
 * Serves one app on several ports, each with a server of its own in front of the same routes. Returns their URLs in the order
 * of `ports`; port 0 takes a free one. `app.close()` then refuses new connections, lets requests in hand finish for eight
 * seconds, and resolves. Throws ConfigurationError when a port cannot be had; none is listened on then.
 */
export async function listen(app: HttpApp, ports: readonly number[], host: string): Promise<string[]> {
  const servers: Server[] = [];
  // WebSockets are closed by who opened them, in a hook before this one: `close` waits for them too.
  app.addHook('preClose', () => Promise.all(servers.map(drain)).then(() => undefined));
  await app.ready();
  try {
    for (const port of ports) servers.push(await listenOn(app, port, host));
  } catch (error) {
    await app.close();
    throw error;
  }
  return servers.map((server) => urlOf(server, host));
}

async function listenOn(app: HttpApp, port: number, host: string): Promise<Server> {
  // Behind a proxy that keeps connections for 60 s, ours must outlive them.
  const server = createServer(
    {
      requestTimeout: requestMs,
      keepAliveTimeout: keepAliveMs,
      // Offers of other protocols (curl's h2c) are passed over, and answered as the plain requests that they are as well.
      shouldUpgradeCallback: ({ headers }) =>
        headers.upgrade?.toLowerCase() === 'websocket' && app.server.listenerCount('upgrade') > 0,
    },
    (request, response) => app.routing(request, response),
  );
  // Plugins for WebSockets listen on the app's own server, which itself listens nowhere.
  server.on('upgrade', (request, socket, head) => app.server.emit('upgrade', request, socket, head));
  server.on('clientError', refuse);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port, host)));
    server.listen({ port, host }, resolve);
  });
  return server;
}

/** What to tell a person who cannot have a port. */
export function listenError(error: NodeJS.ErrnoException, port: number, host: string): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ConfigurationError(`port ${port} is in use: stop what uses it, or start with --port-offset 100`);
    case 'EACCES':
      return new ConfigurationError(`port ${port} is not for this user: start with --port-offset, above port 1024`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ConfigurationError(`${host} is no address of this machine: start with another --host`);
    default:
      return new ConfigurationError(`port ${port} of ${host}: ${describeError(error)}`, { cause: error });
  }
}

/** What cannot be parsed as HTTP never reaches the routes, but gets a problem too. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const title = { 400: 'Bad Request', 408: 'Request Timeout', 431: 'Request Header Fields Too Large' }[status];
  const details = { status, code: 'bad-request', title, detail: 'This is no HTTP request that can be read.' };
  const body = JSON.stringify(problemOf(details, { url: '', id: '' }));
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: ${problemContentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

async function drain(server: Server): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), drainMs);
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(timer);
}

/** Where a listening server is reached; `host` is what it was told to listen on. */
export function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}
