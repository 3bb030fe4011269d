import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EndpointFault, type FaultKind } from './fault.ts';
import { type Call, createHttpAgent, sendBatch } from './json-rpc.ts';

type Answer = (response: ServerResponse, body: string) => void;

let answer: Answer = () => undefined;
const bodies: string[] = [];
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  void text(request).then((body) => {
    bodies.push(body);
    answer(response, body);
  });
});
const agent = createHttpAgent(4);
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/secret-key`;
});
afterEach(() => {
  bodies.length = 0;
});
afterAll(async () => {
  await agent.destroy();
  server.closeAllConnections();
  server.close();
});

describe(sendBatch, () => {
  test('gives results in the order of the calls, whatever the order of the replies', async () => {
    answer = (response, body) =>
      response.end(
        JSON.stringify((JSON.parse(body) as { id: number }[]).map(({ id }) => ({ id, result: id * 10 })).reverse()),
      );
    const { replies, size } = await send(3);
    expect(replies).toEqual([{ result: 0 }, { result: 10 }, { result: 20 }]);
    expect(size).toBeGreaterThan(20);
  });

  test('sends a lone call as an object', async () => {
    answer = (response) => response.end('{"id":0,"result":null}');
    expect((await send(1)).replies).toEqual([{ result: null }]);
    expect(JSON.parse(bodies[0] ?? '')).toEqual({ jsonrpc: '2.0', id: 0, method: 'eth_call0', params: [] });
  });

  test('leaves a refused call as a fault among the results, and takes null errors for none', async () => {
    answer = (response) =>
      response.end(
        '[{"id":0,"error":null,"result":1},{"id":1,"error":{"code":-32601,"message":"Method not found"}},{"id":2,"error":"header not found"}]',
      );
    const { replies } = await send(3);
    expect(replies).toMatchObject([{ result: 1 }, { fault: { kind: 'unsupported' } }, { fault: { kind: 'missing' } }]);
  });

  test.each<readonly [string, FaultKind, Answer, RegExp]>([
    ['429 with Retry-After', 'rate_limited', (r) => r.writeHead(429, { 'retry-after': '7' }).end(), /429/],
    [
      '429 with a reason',
      'rate_limited',
      (r) => r.writeHead(429).end('{"error":{"code":-32016,"message":"over rate limit"}}'),
      /over rate limit/,
    ],
    ['500', 'server_error', (r) => r.writeHead(500).end('oops'), /HTTP 500/],
    [
      '503 with an error that says nothing',
      'server_error',
      (r) => r.writeHead(503).end('{"error":{"code":-32011,"message":"no backends"}}'),
      /HTTP 503.*no backends/,
    ],
    [
      '500 with a reason in an array',
      'too_large',
      (r) =>
        r
          .writeHead(500)
          .end('[{"id":0,"error":{"code":31,"message":"Batch of more than 1 requests are not allowed"}}]'),
      /Batch of more/,
    ],
    ['413', 'too_large', (r) => r.writeHead(413).end(), /413/],
    ['400 for a batch', 'no_batches', (r) => r.writeHead(400).end('Invalid request'), /400/],
    ['403', 'forbidden', (r) => r.writeHead(403).end('<html>'), /key or blocks/],
    ['a redirect', 'server_error', (r) => r.writeHead(302, { location: '/' }).end(), /302/],
    ['HTML', 'garbled', (r) => r.end('<!DOCTYPE html><title>Just a moment...</title>'), /<!DOCTYPE/],
    ['half an answer, in order for HTTP', 'garbled', (r) => r.end('[{"id":0,"result":{"num'), /only a part/],
    [
      'half an answer, then a broken connection',
      'unreachable',
      (r) => void r.writeHead(200, { 'content-length': '100' }).write('[{"id":', () => r.destroy()),
      /./,
    ],
    ['nothing', 'garbled', (r) => r.end(), /empty/],
    ['a reset', 'unreachable', (r) => void r.socket?.resetAndDestroy(), /./],
    ['another id', 'wrong_ids', (r) => r.end('[{"id":0,"result":1},{"id":77,"result":1}]'), /77/],
    ['one id twice', 'wrong_ids', (r) => r.end('[{"id":0,"result":1},{"id":0,"result":1}]'), /twice/],
    ['ids as text', 'wrong_ids', (r) => r.end('[{"id":"0","result":1},{"id":"1","result":1}]'), /"0"/],
    ['no ids', 'wrong_ids', (r) => r.end('[{"result":1},{"result":1}]'), /undefined/],
    ['a reply too few', 'wrong_ids', (r) => r.end('[{"id":1,"result":1}]'), /2 calls, but 1/],
    ['no replies', 'wrong_ids', (r) => r.end('[]'), /2 calls, but 0/],
    ['replies without content', 'garbled', (r) => r.end('[{"id":0},{"id":1}]'), /neither/],
    ['replies that are no objects', 'garbled', (r) => r.end('[1,2]'), /not an object/],
    ['one object', 'no_batches', (r) => r.end('{"id":0,"result":1}'), /one object/],
    [
      'one error without a known text',
      'no_batches',
      (r) => r.end('{"id":null,"error":{"code":-32600,"message":"Invalid Request"}}'),
      /Invalid Request/,
    ],
    [
      'one error about speed',
      'rate_limited',
      (r) => r.end('{"id":null,"error":{"code":-32005,"message":"too many requests"}}'),
      /too many/,
    ],
    [
      'one error about size',
      'too_large',
      (r) => r.end('[{"id":null,"error":{"code":-32600,"message":"batch too large"}}]'),
      /too large/,
    ],
    ['null', 'garbled', (r) => r.end('null'), /neither/],
    ['a number', 'garbled', (r) => r.end('5'), /neither/],
  ])('%s: %s', async (_, kind, how, message) => {
    answer = how;
    const fault = await faultOf(send(2));
    expect(fault.kind).toBe(kind);
    expect(fault.message).toMatch(message);
    expect(fault.message).not.toContain('secret-key');
  });

  test('hands on how long the endpoint wants to be left alone', async () => {
    answer = (response) => response.writeHead(429, { 'retry-after': '7' }).end();
    expect((await faultOf(send(1))).retryAfterMs).toBe(7000);
  });

  test('gives up after its time, also in the middle of an answer', async () => {
    answer = (response) => void response.writeHead(200).write('[');
    const fault = await faultOf(send(2, { timeoutMs: 50 }));
    expect(fault).toMatchObject({ kind: 'timeout', message: 'no answer within 50 ms' });
  });

  test('names a host that is not there', async () => {
    const fault = await faultOf(
      sendBatch(agent, 'http://127.0.0.1:1/key', callsOf(1), { timeoutMs: 1000, signal: new AbortController().signal }),
    );
    expect(fault.kind).toBe('unreachable');
    expect(fault.message).toMatch(/ECONNREFUSED/);
  });

  test('stops at once when it is told to, with that reason and no fault, and leaves no listener behind', async () => {
    answer = () => undefined;
    const abort = new AbortController();
    const sending = send(1, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('stopped')), 20);
    await expect(sending).rejects.toThrow('stopped');
    await expect(send(1, { signal: abort.signal })).rejects.toThrow('stopped');
  });
});

function send(calls: number, options: { timeoutMs?: number; signal?: AbortSignal } = {}) {
  return sendBatch(agent, url, callsOf(calls), { timeoutMs: 2000, signal: new AbortController().signal, ...options });
}

function callsOf(count: number): Call[] {
  return Array.from({ length: count }, (_, at) => ({ method: `eth_call${at}`, params: [] }));
}

async function faultOf(sending: Promise<unknown>): Promise<EndpointFault> {
  const error = await sending.then(
    () => new Error('it worked'),
    (reason: unknown) => reason,
  );
  if (error instanceof EndpointFault) return error;
  throw error;
}
