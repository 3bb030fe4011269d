/**
 * The load generator of the api bench, a process of its own: autocannon, told over HTTP what to ask. It says its address to
 * the parent when it is ready.
 */
import type { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { peerFolder } from '../peers.ts';
import type { Plan } from './input.ts';
import { rangePath } from './ranges.ts';

export interface LoadOrder {
  /** The server, without a path. */
  readonly url: string;
  readonly asked: Plan['load'];
  readonly headers: Readonly<Record<string, string>>;
  /** The one status that is right. */
  readonly status: number;
  readonly connections: number;
  readonly seconds: number;
  /** How many ranges were asked for before. */
  readonly skip: number;
}

export interface LoadResult {
  readonly requests: number;
  /** Of headers and bodies together. */
  readonly bytes: number;
  /** From the last byte of an ask to the last byte of its answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What of autocannon is used. Its types are not installed with us. */
type Autocannon = (options: object, done: (error: Error | null, result: CannonResult) => void) => EventEmitter;
interface CannonResult {
  readonly errors: number;
  readonly timeouts: number;
  readonly statusCodeStats: Readonly<Record<string, { readonly count: number }>>;
  readonly throughput: { readonly total: number };
}

process.on('disconnect', () => process.exit());

const server = createServer((request, response) => {
  perform(request).then(
    (result) => response.end(JSON.stringify(result)),
    (error: unknown) => {
      response.statusCode = 500;
      response.end(error instanceof Error ? error.message : String(error));
    },
  );
});
// An order is answered when its time is over.
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));

async function perform(request: IncomingMessage): Promise<LoadResult> {
  const order = (await json(request)) as LoadOrder;
  const { url, asked, headers, connections, seconds } = order;
  const autocannon = createRequire(join(peerFolder('autocannon'), 'package.json'))('autocannon') as Autocannon;
  const latencies: number[] = [];
  let next = order.skip;
  const requests =
    'path' in asked
      ? [{ path: asked.path }]
      : [{ setupRequest: (basis: object) => ({ ...basis, path: rangePath(asked.ranges, next++) }) }];
  const result = await new Promise<CannonResult>((resolve, reject) => {
    const tracker = autocannon(
      { url, connections, duration: seconds, sampleInt: 100, timeout: 60, headers, requests },
      (error, done) => (error === null ? resolve(done) : reject(error)),
    );
    // Its own histogram knows whole milliseconds only.
    tracker.on('response', (_client, _status, _bytes, ms: number) => latencies.push(ms));
  });
  check(order, result);
  const sorted = Float64Array.from(latencies).sort();
  const percentile = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
  return {
    requests: sorted.length,
    bytes: result.throughput.total,
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
  };
}

function check({ status }: LoadOrder, { errors, timeouts, statusCodeStats }: CannonResult): void {
  const wrong = Object.entries(statusCodeStats).filter(([code]) => Number(code) !== status);
  const failures = [
    ...wrong.map(([code, { count }]) => `${count} answers ${code} instead of ${status}`),
    ...(errors > 0 ? [`${errors} connections failed`] : []),
    ...(timeouts > 0 ? [`${timeouts} asks were not answered in time`] : []),
  ];
  if (failures.length > 0) throw new Error(failures.join(', '));
}
