/** `npm run e2e`: the whole platform against real chains and stores, as one process and as many, with faults. */

import { parseArgs, styleText } from 'node:util';
import { pino } from 'pino';
import { renderTable } from '../../catalog/commands/terminal.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { type Bed, openBed } from './bed.ts';
import type { Fault, FaultContext } from './faults/fault.ts';
import { type FaultOutcome, faults, tryFault } from './faults/run-faults.ts';
import { runCommand, UsageError } from './run-command.ts';
import { runScenario } from './scenario.ts';

const faultNames = faults.map(({ name }) => name).join(', ');

const help = `npm run e2e -- [options]

Without options: one scenario (chains with reorgs, a network added by a merge, a typo) on Defimon as one process.

Options:
  --networked         the same on every service as a process of its own, over Apache Kafka, PostgreSQL, Redis and ClickHouse,
                      beside one process on the same chains: every answer must be equal byte for byte
  --faults            the same processes while things go wrong; after each fault the stores must equal the sources
  --only a,b          these faults only: ${faultNames}
  --rounds N          of kill -9, of services in each and of a store in every third; default 50
  --stall N           seconds for which ClickHouse answers nothing; default 20
  --seconds N         how long blocks, transactions and reorgs are made; default 20
  --seed N            the same seed makes the same traffic; default 1
  --keep              keep the folder with logs and data
  --help

stderr tells each step; stdout has the figures, and in its last line what they come to. Ctrl-C ends all that was started.
Exit codes: 0 nothing was lost, doubled or different, 1 something was, 130 stopped by Ctrl-C.

Apache Kafka is fetched by Maven (Java 17) on first use. PostgreSQL and Redis are those of Debian's packages; without its
PostgreSQL the one of the dependencies is taken. ClickHouse is its engine (chDB) behind its HTTP interface.`;

const options = {
  networked: { type: 'boolean', default: false },
  faults: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
  rounds: { type: 'string', default: '50' },
  stall: { type: 'string', default: '20' },
  seconds: { type: 'string', default: '20' },
  seed: { type: 'string', default: '1' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const startedMs = performance.now();

function tell(line: string): void {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`${styleText('dim', `${seconds} s`, { stream: process.stderr })}  ${line}\n`);
}

await runCommand(main);

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    process.stdout.write(`${help}\n`);
    return;
  }
  const seed = numberOf('seed', values.seed);
  const trafficMs = numberOf('seconds', values.seconds) * 1000;
  const stallMs = numberOf('stall', values.stall) * 1000;
  const rounds = numberOf('rounds', values.rounds);
  const chosen = chosenFaults(values.only);
  const smallDisk = values.faults && chosen.some(({ name, whyNot }) => name === 'disk' && whyNot?.() === undefined);
  const platforms = values.faults
    ? (['many'] as const)
    : values.networked
      ? (['one', 'many'] as const)
      : (['one'] as const);
  const { PATH = '', HOME = '/', NODE_COMPILE_CACHE } = process.env;
  const log = pino({ level: 'silent' });
  const bed = await openBed({
    seed,
    platforms,
    smallDisk,
    env: { PATH, HOME, ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }) },
    log,
    tell,
    keeps: values.keep,
    onClosable: closeOnSignals,
  });
  await using _ = bed;
  if (values.faults) {
    const { many, servers } = bed;
    if (many === undefined || servers === undefined) throw new Error('faults need the networked stores');
    const outcomes = await runFaults(chosen, { bed, many, servers, random: seededRandom(seed), tell, stallMs, rounds });
    process.stdout.write(renderMemory(bed));
    const [rows, lost, doubled] = (['rows', 'lost', 'doubled'] as const).map((key) =>
      sumOf(outcomes.map((outcome) => outcome[key])),
    );
    const tried = outcomes.filter(({ skipped }) => skipped === undefined).map(({ name }) => name);
    conclude(tried.join(', '), {
      compared: `${rows} rows, windows and bars compared, ${lost} lost, ${doubled} doubled`,
      faults: outcomes.flatMap(({ faults: each }) => each),
    });
    return;
  }
  const { checks, faults: found } = await runScenario(bed, tell, trafficMs);
  for (const { what, count } of checks) process.stdout.write(`${count} ${what}\n`);
  process.stdout.write(renderMemory(bed));
  for (const fault of found) process.stdout.write(`${styleText('red', fault)}\n`);
  conclude(platforms.length === 2 ? 'one process and many' : 'one process', {
    compared: `${sumOf(checks.map(({ count }) => count))} answers, rows, windows and figures compared`,
    faults: found,
  });
}

/** One line that says what it all comes to, and the exit code. */
function conclude(of: string, outcome: { readonly compared: string; readonly faults: readonly string[] }): void {
  const wrong = outcome.faults.length;
  const verdict = wrong === 0 ? 'all as it must be' : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong`;
  const line = `${of}: ${outcome.compared}: ${verdict}`;
  process.stdout.write(`\n${styleText(wrong === 0 ? 'green' : 'red', line, { stream: process.stdout })}\n`);
  if (wrong > 0) process.exitCode = 1;
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Servers, chains, folders and the small disk go also when somebody has seen enough. */
function closeOnSignals(close: () => Promise<void>): void {
  let firstAtMs: number | undefined;
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(signal, () => {
      if (firstAtMs !== undefined) {
        // One Ctrl-C may arrive twice: from the terminal, and passed on by npm.
        if (performance.now() - firstAtMs > 500) process.exit(code);
        return;
      }
      firstAtMs = performance.now();
      tell(`${signal}: ending all that was started; once more leaves at once`);
      close().then(
        () => process.exit(code),
        (error: unknown) => {
          process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
          process.exit(code);
        },
      );
    });
  }
}

async function runFaults(chosen: readonly Fault[], context: Omit<FaultContext, 'whileQuiet'>): Promise<FaultOutcome[]> {
  const outcomes: FaultOutcome[] = [];
  const rows: string[][] = [];
  for (const fault of chosen) {
    tell(`${fault.name}: ${fault.what}`);
    const outcome = await tryFault(fault, context);
    for (const each of outcome.faults) process.stdout.write(`${styleText('red', `${fault.name}: ${each}`)}\n`);
    outcomes.push(outcome);
    const { skipped, recoveredMs } = outcome;
    const figures = [outcome.rows, outcome.lost, outcome.doubled].map(String);
    rows.push([
      fault.name,
      ...(skipped === undefined ? figures : ['', '', '']),
      skipped ?? `${(recoveredMs / 1000).toFixed(1)} s`,
    ]);
  }
  process.stdout.write(renderTable(['fault', 'rows', 'lost', 'doubled', 'as it must be after'], rows));
  return outcomes;
}

function chosenFaults(only: string): Fault[] {
  const names = only === '' ? faults.map(({ name }) => name) : only.split(',');
  return names.map((name) => {
    const found = faults.find((fault) => fault.name === name);
    if (found === undefined) throw new UsageError(`--only ${name}: there is no such fault; known are ${faultNames}`);
    return found;
  });
}

function renderMemory({ one, many }: Bed): string {
  const rows = [one, many].flatMap((platform) =>
    (platform?.processes ?? []).map((each) => [
      each.name,
      String(Math.round(each.residentMax() / 2 ** 20)),
      String(each.starts()),
    ]),
  );
  return `\n${renderTable(['process', 'resident MiB at most', 'starts'], rows)}`;
}

function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new UsageError(`--${name} ${text}: must be a whole number`);
  return number;
}
