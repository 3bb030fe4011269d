import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Market } from '../../market-collector/binance/messages.ts';
import { createExchangeCore, type ExchangeCore } from './exchange-core.ts';
import { startReplayedExchange } from './exchange-server.ts';
import { openReplay } from './replay-source.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

describe(openReplay, () => {
  it.each(['spot', 'usdm', 'coinm'] as const)('goes on as a recorded %s did', async (market) => {
    const { paths, said, core, info } = await record(market);
    const replay = await openReplay({ paths });
    expect([replay.market, replay.symbols, replay.messageCount]).toEqual([market, ['AAAUSDT'], said.length]);
    expect(replay.exchangeInfo()).toBe(info);
    const came = Array.from({ length: 60 }, () => replay.advance(100)).flat();
    expect(came.map(({ stream, text }) => [stream, text])).toEqual(said.map(({ stream, text }) => [stream, text]));
    expect(came.map(({ updateId, kind }) => [updateId, kind])).toEqual(
      said.map(({ updateId, kind }) => [updateId, kind]),
    );
    expect(replay.ended()).toBe(true);
    expect(replay.truth('AAAUSDT')).toEqual(core.truth('AAAUSDT'));
  });

  it('gives the recorded snapshot first, and one that fits the streams after that', async () => {
    const { paths, snapshot } = await record('usdm');
    const replay = await openReplay({ paths });
    replay.advance(4000);
    expect(JSON.parse(replay.snapshot('AAAUSDT', 1000) as string)).toEqual(JSON.parse(snapshot));
    const { bids, ...later } = JSON.parse(replay.snapshot('AAAUSDT', 5) as string);
    expect(later.lastUpdateId).toBe(replay.truth('AAAUSDT')?.lastUpdateId);
    expect(bids).toEqual(replay.truth('AAAUSDT')?.bids.slice(0, 5));
    expect([replay.snapshot('NONE', 5), replay.truth('NONE'), replay.exchangeInfo(['NONE'])]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('reads raw streams too', async () => {
    const { paths } = await record('spot', ({ text }) => text);
    const replay = await openReplay({ paths });
    expect(new Set(replay.streams)).toEqual(new Set(['aaausdt@bookTicker', 'aaausdt@depth@100ms', 'aaausdt@trade']));
  });

  it('says which recording has no messages', async () => {
    const path = join(await folder(), 'empty');
    await writeFile(path, '\n');
    await expect(openReplay({ paths: [path] })).rejects.toThrow(`${path}: no message was recorded`);
  });
});

describe(startReplayedExchange, () => {
  it('sends all of a recording as fast as it is taken, once it is told to begin', async () => {
    const { paths, said, snapshot } = await record('spot');
    await using exchange = await startReplayedExchange({ paths, pace: 'full', waits: true });
    const socket = new WebSocket(`${exchange.streamUrl}/stream?streams=${exchange.source.streams.join('/')}`);
    const came: string[] = [];
    socket.on('message', (data) => came.push(JSON.parse(String(data)).stream));
    await vi.waitFor(() => expect(exchange.counts().subscriptions).toBe(exchange.source.streams.length), wait);
    exchange.start();
    const answer = await fetch(`${exchange.restUrl}/api/v3/depth?symbol=AAAUSDT&limit=1000`);
    expect(await answer.json()).toEqual(JSON.parse(snapshot));
    await vi.waitFor(() => expect(came.length).toBe(said.length), wait);
    expect(came).toEqual(said.map(({ stream }) => stream));
    // More than was recorded cannot be had, and fewer would pass for all there are.
    const more = await fetch(`${exchange.restUrl}/api/v3/depth?symbol=AAAUSDT&limit=5000`);
    expect(more.status).toBe(400);
    socket.terminate();
  });
});

const wait = { timeout: 90_000, interval: 10 };
const startMs = 1_700_000_000_000;
const addresses: Readonly<Record<Market, readonly [rest: string, stream: string]>> = {
  spot: ['https://api.binance.com/api/v3', 'wss://stream.binance.com:9443'],
  usdm: ['https://fapi.binance.com/fapi/v1', 'wss://fstream.binance.com'],
  coinm: ['https://dapi.binance.com/dapi/v1', 'wss://dstream.binance.com'],
};

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'replay-'));
  folders.push(path);
  return path;
}

/** Five seconds of a simulated market as cryptofeed would write them down, with a snapshot of the first second. */
async function record(
  market: Market,
  line = ({ stream, text }: { stream: string; text: string }) => `{"stream":"${stream}","data":${text}}`,
) {
  const core: ExchangeCore = createExchangeCore({
    market,
    symbols: [
      { symbol: 'AAAUSDT', base: 'AAA', quote: 'USDT', tickSize: '0.01', stepSize: '0.1', price: 50, levels: 40 },
    ],
    seed: 1,
    startMs,
    updatesPerSecond: 10,
  });
  const [rest, stream] = addresses[market];
  const info = core.exchangeInfo() as string;
  const messages = [`${stream}/stream?streams=aaausdt@depth@100ms <-> ${startMs / 1000}`];
  const said = core.advance(1000);
  const snapshot = core.snapshot('AAAUSDT', 1000) as string;
  // A snapshot is of a moment between two diffs; the recording goes on until the book is told whole.
  while (said.at(-1)?.kind !== 'depth' || core.nowMs() < startMs + 5000) said.push(...core.advance(10));
  for (const message of said) messages.push(`${message.timeMs / 1000}: ${line(message)}`);
  const requests = [
    `${rest}/exchangeInfo -> ${startMs / 1000}: ${info}`,
    `${rest}/depth?symbol=AAAUSDT&limit=1000 -> ${(startMs + 1020) / 1000}: ${snapshot} header: {"x":"y"}`,
    'configuration: {"l2_book":["AAA-USDT"]}',
  ];
  const path = await folder();
  const paths = [join(path, 'market.http.0'), join(path, 'market.ws.1')] as const;
  await writeFile(paths[0], `${requests.join('\n')}\n`);
  await writeFile(paths[1], `${messages.join('\n')}\n`);
  return { paths, said, snapshot, core, info };
}
