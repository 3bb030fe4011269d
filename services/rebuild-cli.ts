/** `npm run rebuild -- --network X --from T --to T`: tells a window of a chain again, so that the time series is written anew from it. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readBacklog } from './datasets/chain/changes.ts';
import { rawKeptFrom, readGoneTo } from './datasets/chain/raw-retention.ts';
import { type Rebuilt, rebuildWindow } from './datasets/chain/rebuild.ts';
import { createChildren } from './runtime/children.ts';
import { parseFlags } from './runtime/config.ts';
import { ConfigurationError, describeError } from './runtime/errors.ts';
import { createLogger } from './runtime/log.ts';
import { readConfig } from './runtime/read-config.ts';
import { tellFailure } from './runtime/tell-failure.ts';
import { migrateDataset } from './stores/migrate.ts';
import { createStores } from './stores/open.ts';
import type { Relational } from './stores/relational.ts';

const help = `npm run rebuild -- --network ID --from TIME --to TIME [options]

Tells the blocks of a window again, as PostgreSQL has them, through the outbox of chain-sync: ClickHouse's rows and all minutes,
hours and days of it are written anew, and what ClickHouse has beyond that is retracted. Safe to run again, and while all runs. What was
dropped for its age (sync.retention) is not told again, and what was computed of it stays; the command says from when on it is so.

  --network ID            whose blocks
  --from TIME, --to TIME  those with a timestamp from --from up to, not including, --to: ISO 8601 (2026-01-31T10:00:00Z; UTC where no
                          zone is given) or Unix seconds
  --environment NAME      a folder of environments/; default local
  --environment-file FILE the environment's file in its place
  --catalog PATH          another catalog folder
  --data-dir DIR          where embedded stores keep their data; default .data: stop the program that has it first
  --help                  this text

Stores at an address are found by DATABASE_URL and CLICKHOUSE_URL, as by npm start.

Exit codes: 0 all is in the outbox, 1 something here must change, 75 trying again may help.`;

const root = join(import.meta.dirname, '..');
const options = {
  network: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  environment: { type: 'string' },
  'environment-file': { type: 'string' },
  catalog: { type: 'string' },
  'data-dir': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** So many changes may wait for the relay; beyond that the chain's own would come late. */
const backlogMax = 2_000;
/** A relay that moves nothing for so long is not running: then nobody's changes are held up either. */
const relayPatienceMs = 5_000;
const pollMs = 200;
const progressMs = 1_000;

await main(process.argv.slice(2)).catch((error: unknown) => {
  process.exitCode = tellFailure(error);
});

async function main(args: readonly string[]): Promise<void> {
  const values = valuesOf(args);
  if (values.help === true) return print(help);
  const { network, from, to, help: _, ...others } = values;
  if (network === undefined || from === undefined || to === undefined)
    throw new ConfigurationError('--network, --from and --to are all needed; npm run rebuild -- --help shows them');
  const window = { network, from: secondsOf('--from', from), to: secondsOf('--to', to) };
  if (window.from >= window.to) throw new ConfigurationError(`--from ${from} is not before --to ${to}`);
  const flags = Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  const { config } = readConfig(parseFlags(flags), process.env);
  const log = createLogger('warn', 'people', process.stdout.isTTY === true);
  const children = createChildren({ log });
  const onLost = (error: Error): void => {
    throw error;
  };
  const stores = createStores(config.stores, { log, children, onLost });
  await using stopping = new AsyncDisposableStack();
  stopping.defer(() => children.close());
  const relational = await stores.openRelational();
  stopping.defer(() => relational.stop());
  const timeseries = await stores.openTimeseries();
  stopping.defer(() => timeseries.stop());
  const both = { relational: relational.part, timeseries: timeseries.part };
  await migrateDataset(both, 'chain', join(root, 'services', 'datasets', 'chain'));
  const onStep = createProgress(relational.part, network);
  const days = config.sync.retention?.timeseriesDays;
  const keptFrom = rawKeptFrom(days, Date.now(), await readGoneTo(timeseries.part));
  const rebuilt = await rebuildWindow(both, window, { onStep, keptFrom });
  if (rebuilt.toldFrom > window.from) {
    const times = `${timeText(window.from)} to ${timeText(rebuilt.toldFrom)}`;
    print(`${network}: ${times} cannot be told again: rows of that time were dropped for their age; its windows stay`);
  }
  print(summaryOf(network, rebuilt, await changesLeft(relational.part, network)));
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new ConfigurationError(`${describeError(error)}; npm run rebuild -- --help shows the options`);
  }
}

function secondsOf(flag: string, text: string): number {
  const isIso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text);
  const isZoned = /(Z|[+-]\d{2}:\d{2})$/.test(text) || !text.includes('T');
  const seconds = /^\d+$/.test(text)
    ? Number(text)
    : isIso
      ? Date.parse(isZoned ? text : `${text}Z`) / 1000
      : Number.NaN;
  if (!Number.isFinite(seconds) || seconds < 0 || seconds >= 2 ** 32)
    throw new ConfigurationError(`${flag} ${text}: must be a time such as 2026-01-31T10:00:00Z, or Unix seconds`);
  return Math.floor(seconds);
}

/** Tells how far it is, and waits for the relay while it has much to carry. */
function createProgress(relational: Relational, network: string) {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let isRelayed = true;
  return async ({ appended, retracted, blocksWanted }: Rebuilt & { readonly blocksWanted: number }): Promise<void> => {
    if (performance.now() - toldAtMs >= progressMs) {
      print(`${network}: ${Math.max(appended, retracted)} of ${blocksWanted} blocks`);
      toldAtMs = performance.now();
    }
    let movedAtMs = performance.now();
    let before = Number.POSITIVE_INFINITY;
    while (isRelayed) {
      const left = await changesLeft(relational, network);
      if (left <= backlogMax) return;
      if (left < before) movedAtMs = performance.now();
      before = left;
      if (performance.now() - movedAtMs > relayPatienceMs) isRelayed = false;
      else await sleep(pollMs);
    }
  };
}

async function changesLeft(relational: Relational, network: string): Promise<number> {
  return (await readBacklog(relational)).find((each) => each.network === network)?.changes ?? 0;
}

function summaryOf(network: string, { appended, retracted, finalized }: Rebuilt, left: number): string {
  const said = [`${appended} blocks told again`, `${retracted} retracted`, `finality told ${finalized} times`];
  const rest =
    left === 0 ? 'all is relayed' : `${left} changes wait for the relay of chain-sync, or for its next start`;
  return `${network}: ${said.join(', ')}; ${rest}`;
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
