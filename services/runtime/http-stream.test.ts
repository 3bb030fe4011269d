import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { RetryableError } from './errors.ts';
import { createHttpApp, type HttpApp } from './http.ts';
import { listen } from './http-listen.ts';
import { type SendLimits, sendLimits, sendPieces } from './http-stream.ts';

const apps: HttpApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

describe(sendPieces.name, () => {
  it('sends all pieces in order', async () => {
    const { url, made } = await openApp();
    expect(await (await fetch(`${url}/pieces`)).text()).toBe(wholeOf(3));
    await until(() => made.freed === 1);
    expect(made).toMatchObject({ pieces: 3, ended: true });
  });

  it('makes no more than a few pieces for a caller that reads nothing', async () => {
    const { url, made, metrics } = await openApp({ pieces: 100_000 });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.pause();
    socket.write('GET /pieces HTTP/1.1\r\nhost: x\r\n\r\n');
    let before = -1;
    await until(() => {
      const still = made.pieces > 0 && made.pieces === before;
      before = made.pieces;
      return still;
    }, 300);
    // What fits into the sockets of this machine, and then no more.
    expect(made.pieces).toBeLessThan(5_000);
    expect(made.ended).toBe(false);
    socket.destroy();
    await until(() => made.ended);
    await until(async () => (await metrics.metrics()).includes('route="/pieces",status="499"} 1'));
  });

  it('gives up a caller that takes a little now and then, and one that takes nothing', async () => {
    const limits = { stallMs: 60_000, graceMs: 300, bytesPerSecondMin: 1024 * 1024 * 1024 };
    const { url, made } = await openApp({ pieces: 100_000, limits });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.on('close', resolve).on('error', resolve));
    socket.pause().write('GET /pieces HTTP/1.1\r\nhost: x\r\n\r\n');
    const sip = setInterval(() => socket.read(1024), 20);
    await until(() => made.freed === 1);
    expect([made.ended, made.pieces < 100_000]).toEqual([true, true]);
    clearInterval(sip);
    socket.resume();
    await closed;
  });

  it('makes a problem of an error before the first piece', async () => {
    const { url, made } = await openApp({ failAt: 0 });
    const answer = await fetch(`${url}/pieces`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(made).toMatchObject({ ended: true, freed: 1 });
  });

  it('breaks off after an error in the middle, for a caller of HTTP/1.0 as well', async () => {
    const { url, metrics, logged } = await openApp({ failAt: 2 });
    await expect(fetch(`${url}/pieces`).then((answer) => answer.text())).rejects.toThrow();
    expect(logged()).toContain('answer broken off');
    const { hostname, port } = new URL(url);
    const end = await new Promise<unknown>((resolve) => {
      const socket = connect(Number(port), hostname);
      socket.on('error', (error) => resolve(error)).on('end', () => resolve('complete'));
      socket.resume().write('GET /pieces HTTP/1.0\r\n\r\n');
    });
    expect(end).toMatchObject({ code: 'ECONNRESET' });
    await until(async () => (await metrics.metrics()).includes('route="/pieces",status="500"} 2'));
  });

  it('leaves the connection fit for the next request', async () => {
    const { url } = await openApp();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const get = () =>
      new Promise<boolean>((resolve, reject) => {
        const asking = httpRequest(`${url}/pieces`, { agent }, (answer) => {
          answer.resume().on('end', () => resolve(asking.reusedSocket));
        });
        asking.on('error', reject).end();
      });
    expect([await get(), await get()]).toEqual([false, true]);
    agent.destroy();
  });
});

const piece = 'x'.repeat(16 * 1024);
const wholeOf = (pieces: number) => Array.from({ length: pieces }, (_, at) => `${at}${piece}`).join('');

async function openApp({ pieces = 3, failAt, limits }: { pieces?: number; failAt?: number; limits?: SendLimits } = {}) {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const metrics = new Registry();
  const app = await createHttpApp({ service: 'test', log, metrics });
  apps.push(app);
  const made = { pieces: 0, ended: false, freed: 0 };
  const onEnd = () => {
    made.freed += 1;
  };
  async function* make(): AsyncGenerator<string, void, void> {
    try {
      for (let at = 0; at < pieces; at++) {
        // As a query would: later, not at once.
        await new Promise((resolve) => setImmediate(resolve));
        if (at === failAt) throw new RetryableError('the store is away');
        made.pieces++;
        yield `${at}${piece}`;
      }
    } finally {
      made.ended = true;
    }
  }
  app.get('/pieces', (request, reply) =>
    sendPieces(request, reply.type('text/plain'), make(), log, { onEnd, limits: limits ?? sendLimits }),
  );
  const [url = ''] = await listen(app, [0], '127.0.0.1');
  return { url, made, metrics, logged: () => lines.join('') };
}

async function until(isTrue: () => boolean | Promise<boolean>, everyMs = 10): Promise<void> {
  for (const end = Date.now() + 90_000; !(await isTrue()); ) {
    if (Date.now() > end) throw new Error('waited too long');
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
