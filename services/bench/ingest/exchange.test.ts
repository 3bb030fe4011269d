import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { type BooksInput, readMessages, readSnapshot } from '../books/input.ts';
import { writeInput } from '../books/write-input.ts';
import { readSent, replay, startExchange, startLive } from './exchange.ts';

const folder = mkdtempSync(join(tmpdir(), 'bench-exchange-test-'));
let books: BooksInput;
let exchange: Awaited<ReturnType<typeof startExchange>>;

beforeAll(async () => {
  books = await writeInput(folder, { market: 'spot', symbols: 3, seed: 1, messages: 3000 });
  exchange = await startExchange({ books, seed: 1 });
});

afterAll(() => {
  exchange.process.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe(startExchange, () => {
  it('sends each socket the messages of its streams, as the file has them', async () => {
    const listeners = await Promise.all([listen([0, 2]), listen([1])]);
    await replay(exchange.address, { from: 0, to: 1000 });
    await replay(exchange.address, { from: 1000, to: 3000 });
    const [some, others] = listeners.map(({ received }) => received);
    while ((some?.length ?? 0) + (others?.length ?? 0) < 3000) await delay(5);
    for (const { socket } of listeners) await closed(socket);

    const messages = readMessages(books).map(String);
    expect(some).toEqual(messages.filter((_, at) => at % 3 !== 1));
    expect(others).toEqual(messages.filter((_, at) => at % 3 === 1));
  });

  it('sends live updates, which continue its snapshots, and counts them', async () => {
    const { socket, received } = await listen([0, 1, 2]);
    const { lastUpdateId } = await depthOf('COIN1USDT');
    await startLive(exchange.address, { updatesPerSecond: 50, seconds: 1 });
    let sent = await readSent(exchange.address);
    while (!sent.done || depthsOf(received).length < 150) {
      await delay(5);
      sent = await readSent(exchange.address);
    }
    await closed(socket);

    expect(sent.symbols.map(({ symbol, updates }) => [symbol, updates])).toEqual(books.symbols.map((one) => [one, 50]));
    const own = depthsOf(received).filter(({ s }) => s === 'COIN1USDT');
    expect(own[0]?.U).toBeLessThanOrEqual(lastUpdateId + 1);
    expect(own.at(-1)?.u).toBe(sent.symbols.find(({ symbol }) => symbol === 'COIN1USDT')?.lastUpdateId);
  });

  it('answers with the snapshots that the messages of the file continue', async () => {
    // The run before ends a moment after its last socket.
    while ((await readSent(exchange.address)).symbols.length > 0) await delay(5);
    expect(await depthOf('COIN2USDT')).toEqual(JSON.parse(readSnapshot(books, 'COIN2USDT')));
  });
});

/** The first of the symbols by the address, the rest by a request. */
async function listen(symbolsAt: readonly number[]): Promise<{ socket: WebSocket; received: string[] }> {
  const streams = symbolsAt.map((at) => `${books.symbols[at]?.toLowerCase()}@depth@100ms`);
  const socket = new WebSocket(`ws://${exchange.address}/stream?streams=${streams[0]}`);
  await once(socket, 'open');
  socket.send(JSON.stringify({ method: 'SUBSCRIBE', params: streams.slice(1), id: 7 }));
  const [answer] = await once(socket, 'message');
  expect(JSON.parse(String(answer))).toEqual({ result: null, id: 7 });
  const received: string[] = [];
  socket.on('message', (data) => received.push(String(data)));
  return { socket, received };
}

function depthsOf(received: readonly string[]): { s: string; U: number; u: number }[] {
  return received.filter((text) => text.includes('depthUpdate')).map((text) => JSON.parse(text).data);
}

async function closed(socket: WebSocket): Promise<void> {
  socket.close();
  await once(socket, 'close');
}

async function depthOf(symbol: string): Promise<{ lastUpdateId: number }> {
  const answer = await fetch(`http://${exchange.address}/api/v3/depth?symbol=${symbol}&limit=1000`);
  return (await answer.json()) as { lastUpdateId: number };
}
