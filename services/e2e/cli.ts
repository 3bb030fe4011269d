/** `npm run e2e`: the whole platform against real chains and stores, as one process and as many, with faults. */
import { parseArgs, styleText } from 'node:util';
import { pino } from 'pino';
import { renderTable } from '../../catalog/commands/terminal.ts';
import { type Bed, openBed } from './bed.ts';
import { runScenario } from './scenario.ts';

const help = `npm run e2e -- [options]

Without options: one scenario (chains with reorgs, a network added by a merge, a typo) on Defimon as one process.

Options:
  --networked         the same on every service as a process of its own, over Apache Kafka, PostgreSQL, Redis and ClickHouse,
                      beside one process on the same chains: every answer must be equal byte for byte
  --seconds N         how long blocks, transactions and reorgs are made; default 20
  --seed N            the same seed makes the same traffic; default 1
  --keep              keep the folder with logs and data
  --help

Apache Kafka is fetched by Maven (Java 17) on first use. PostgreSQL and Redis are those of Debian's packages; without its
PostgreSQL the one of the dependencies is taken. ClickHouse is its engine (chDB) behind its HTTP interface.`;

const options = {
  networked: { type: 'boolean', default: false },
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

await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    process.stdout.write(`${help}\n`);
    return;
  }
  const bed = await openBed({
    seed: numberOf('seed', values.seed),
    platforms: values.networked ? ['one', 'many'] : ['one'],
    log: pino({ level: 'silent' }),
    tell,
    keeps: values.keep,
  });
  await using _ = bed;
  const { checks, faults } = await runScenario(bed, tell, numberOf('seconds', values.seconds) * 1000);
  for (const { what, count } of checks) process.stdout.write(`${count} ${what}\n`);
  process.stdout.write(renderMemory(bed));
  for (const fault of faults) process.stdout.write(`${styleText('red', fault)}\n`);
  if (faults.length > 0) process.exitCode = 1;
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
  if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} ${text}: must be a whole number`);
  return number;
}
