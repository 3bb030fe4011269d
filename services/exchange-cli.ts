/** `npm run exchange`: a simulated or a recorded exchange on its own, for whoever wants to try a collector against it. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadCatalog } from '../catalog/load.ts';
import { simulatedSymbols } from './local-exchange/module.ts';
import type { ExchangeServer } from './testing/exchange/exchange-server.ts';
import { startReplayedExchange, startSimulatedExchange } from './testing/exchange/exchange-server.ts';
import type { ReplaySource } from './testing/exchange/replay-source.ts';

const help = `npm run exchange -- [options] [FILE…]

Serves Binance's requests and streams of one market until Ctrl-C: made-up books of the catalog's pairs or, with FILEs, a
recording of real streams (npm run replay -- --help tells their format). A recording begins when somebody listens.

Options:
  --market NAME       spot, usdm or coinm; default spot, or as the recording says
  --port N            default 18600, where npm start looks for the spot market
  --host ADDRESS      default 127.0.0.1
  --pace real|full    a recording as fast as it was, or as it can be taken; default real

Of made-up books:
  --symbols N         the first so many pairs of the catalog; default all
  --updates N         depth updates of each a second, ten at most; default 1
  --seed N            the same seed makes the same market; default 1`;

const options = {
  market: { type: 'string' },
  port: { type: 'string', default: '18600' },
  host: { type: 'string', default: '127.0.0.1' },
  pace: { type: 'string', default: 'real' },
  symbols: { type: 'string', default: '2000' },
  updates: { type: 'string', default: '1' },
  seed: { type: 'string', default: '1' },
  help: { type: 'boolean', short: 'h' },
} as const;

await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals: paths } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (values.help === true) {
    process.stdout.write(`${help}\n`);
    return;
  }
  const market = choice('market', values.market, ['spot', 'usdm', 'coinm']);
  const pace = choice('pace', values.pace, ['real', 'full']) ?? 'real';
  const place = { ports: [numberOf('port', values.port, 0, 65_535)], host: values.host, pace };
  const seed = numberOf('seed', values.seed, 0, 2 ** 31);
  let exchange: ExchangeServer;
  if (paths.length > 0) {
    const replayed = await startReplayedExchange({ ...place, waits: true, paths, ...(market && { market }) });
    startWithTheFirst(replayed);
    const { symbols, messageCount, durationMs } = replayed.source;
    tell(
      `recorded ${replayed.source.market}: ${symbols.length} symbols, ${messageCount} messages of ${seconds(durationMs)}`,
    );
    tell(`symbols: ${symbols.join(' ')}`);
    exchange = replayed;
  } else {
    const { pairs } = loadCatalog(join(import.meta.dirname, '..', 'catalog'));
    const symbols = simulatedSymbols(pairs, market ?? 'spot').slice(0, numberOf('symbols', values.symbols, 1, 100_000));
    if (symbols.length === 0)
      throw new Error(`the catalog has no active pair of market ${market}: add one, or take another`);
    const updatesPerSecond = numberOf('updates', values.updates, 0, 10);
    exchange = await startSimulatedExchange({ ...place, market: market ?? 'spot', symbols, seed, updatesPerSecond });
    tell(`simulated ${market ?? 'spot'}: ${symbols.length} symbols, ${updatesPerSecond} updates a second each`);
  }
  tell(`requests ${exchange.restUrl}\nstreams  ${exchange.streamUrl}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void exchange.stop().then(() => process.exit(0)));
}

/** So that nobody misses the beginning; and says when it is over. */
function startWithTheFirst(exchange: ExchangeServer<ReplaySource>): void {
  const timer = setInterval(() => {
    if (exchange.counts().subscriptions > 0) exchange.start();
    if (!exchange.source.ended()) return;
    clearInterval(timer);
    tell(`the recording is over: ${exchange.counts().messagesSent} messages sent`);
  }, 50);
}

function choice<T extends string>(name: string, given: string | undefined, known: readonly T[]): T | undefined {
  const found = known.find((each) => each === given);
  if (given !== undefined && found === undefined) throw new Error(`--${name} ${given}: must be ${known.join(' or ')}`);
  return found;
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < least || number > most)
    throw new Error(`--${name} ${text}: must be a number from ${least} to ${most}`);
  return number;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
