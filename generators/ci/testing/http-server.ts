import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Call {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly token: string | undefined;
  readonly body: unknown;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless it is text. Undefined cuts the connection instead of answering. */
  readonly body?: unknown;
}

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly calls: Call[];
  /** The next calls get these answers, in this order, whatever they ask. */
  readonly failures: Reply[];
}

/** An HTTP server on this machine: what it is asked is kept, and it fails when told to. */
export async function startTestServer(
  tokenHeader: string,
  answer: (call: Call, url: URL) => Reply,
): Promise<TestServer> {
  const calls: Call[] = [];
  const failures: Reply[] = [];
  const server = createServer(async (request, response) => {
    const text = await textOf(request);
    const header = request.headers[tokenHeader];
    const call: Call = {
      method: request.method ?? '',
      path: request.url ?? '',
      token: typeof header === 'string' ? header : undefined,
      body: text === '' ? undefined : JSON.parse(text),
    };
    calls.push(call);
    const reply = failures.shift() ?? answer(call, new URL(call.path, 'http://test'));
    if (reply.body === undefined) {
      // Done, but the answer is lost on the way.
      if (reply.status === 0) answer(call, new URL(call.path, 'http://test'));
      request.socket.destroy();
      return;
    }
    const isText = typeof reply.body === 'string';
    response.writeHead(reply.status, { 'content-type': isText ? 'text/html' : 'application/json', ...reply.headers });
    response.end(isText ? reply.body : JSON.stringify(reply.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    failures,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
