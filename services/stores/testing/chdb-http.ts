import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

// ClickHouse's HTTP interface over chDB, as much of it as @clickhouse/client uses, to test the networked store without a
// server: `node chdb-http.ts <folder> [port]` listens on that port of 127.0.0.1, else on a free one, prints its URL and ends when its
// stdin does, or, given a port, by a signal.

const { createChdbConnection } = createRequire(import.meta.url)('chdb/connection') as typeof import('chdb/connection');
const connection = createChdbConnection({ path: process.argv[2] ?? ':memory:' });

// URL parameters of the interface itself; any other is a setting of the query.
const notSettings = new Set([
  'query',
  'query_id',
  'database',
  'session_id',
  'role',
  'compress',
  'enable_http_compression',
]);

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    // The client reads code and type out of this very text.
    const said = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    response.statusCode = 500;
    response.setHeader('X-ClickHouse-Exception-Code', /Code: (\d+)/.exec(said)?.[1] ?? '1001');
    response.end(said);
  });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname === '/ping') {
    response.end('Ok.\n');
    return;
  }
  const body = await text(request);
  const inUrl = searchParams.get('query');
  const query = inUrl === null ? body : `${inUrl}\n${body}`;
  const params: Record<string, unknown> = {};
  const settings: Record<string, string | number> = {};
  for (const [name, value] of searchParams) {
    if (name.startsWith('param_')) {
      const parameter = name.slice('param_'.length);
      params[parameter] = query.includes(`{${parameter}:Array(`) ? listOf(value) : textOf(value);
    } else if (!notSettings.has(name)) settings[name] = /^\d+$/.test(value) ? Number(value) : value;
  }
  const { stream } = await connection.exec({
    query,
    query_params: params,
    clickhouse_settings: settings,
  });
  stream.pipe(response);
}

/** Parameters come in the escaped form of tab-separated values. What looks like an array may be a text: the query says which it is. */
function textOf(value: string): string | null {
  return value === '\\N' ? null : unescaped(value);
}

/** The items of an array are quoted, numbers are not. */
function listOf(value: string): (string | bigint)[] {
  const items = value.matchAll(/'((?:\\.|[^'\\])*)'|([^,[\]]+)/gs);
  return [...items].map(([, quoted, plain = '']) => (quoted === undefined ? numberOf(plain) : unescaped(quoted)));
}

/** What stands in an array without quotes. As a text it would be quoted again, which an array of numbers does not take. */
function numberOf(plain: string): string | bigint {
  return /^-?\d+$/.test(plain) ? BigInt(plain) : plain;
}

function unescaped(value: string): string {
  const characters: Record<string, string> = { t: '\t', n: '\n', r: '\r', b: '\b', f: '\f', '0': '\0' };
  return value.replaceAll(/\\(.)/gs, (_, character: string) => characters[character] ?? character);
}

const wantedPort = process.argv[3];
server.listen(Number(wantedPort ?? 0), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
if (wantedPort === undefined) process.stdin.resume().on('end', () => process.exit());
