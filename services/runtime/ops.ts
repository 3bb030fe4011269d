import { createServer } from 'node:http';
import type { Registry } from 'prom-client';
import { describeError } from './errors.ts';
import { listenError, urlOf } from './http-listen.ts';
import type { Health, Started } from './modules.ts';

export interface OpsOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: Registry;
  /** How every module is; `undefined` while the process is still starting. */
  health(): Promise<Record<string, Health>> | undefined;
  /** What the process says of itself, for people: an object of JSON. */
  status(): Promise<object>;
}

/**
 * Serves /metrics, /livez (the process turns), /readyz (every module is well; 503 with the reasons otherwise) and /status (what it
 * runs, by which catalog, how its modules are, and what went wrong lately).
 * It listens before anything else starts, so that a slow start shows as "not ready" instead of as a refused connection.
 */
export async function openOps(options: OpsOptions): Promise<Started<{ url: string }>> {
  const server = createServer((request, response) => {
    const send = (status: number, type: string, body: string): void => {
      response.writeHead(status, {
        'content-type': type,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      response.end(body);
    };
    const answer = async (): Promise<void> => {
      switch (request.method === 'GET' ? request.url?.split('?')[0] : undefined) {
        case '/metrics':
          return send(200, options.metrics.contentType, await options.metrics.metrics());
        case '/livez':
          return send(200, 'text/plain', 'alive\n');
        case '/readyz': {
          const modules = await options.health();
          const ready = modules !== undefined && Object.values(modules).every((module) => module.ok);
          return send(
            ready ? 200 : 503,
            'application/json',
            `${JSON.stringify({ ready, modules: modules ?? 'starting' }, null, 2)}\n`,
          );
        }
        case '/status':
          return send(200, 'application/json', `${JSON.stringify(await options.status(), null, 2)}\n`);
        default:
          return send(404, 'text/plain', 'here are GET /metrics, /livez, /readyz and /status\n');
      }
    };
    answer().catch((error: unknown) => send(500, 'text/plain', `${describeError(error)}\n`));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, options.port, options.host)));
    server.listen(options.port, options.host, resolve);
  });
  return {
    part: { url: urlOf(server, options.host) },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
