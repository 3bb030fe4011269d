/**
 * The process of one run: started by run-subject.ts for each run anew, so that no memory, compiled code or open
 * connection passes from one run to the next. Takes one order, answers with one outcome, ends.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenWork, Stopwatch } from './bench.ts';
import { cpuSecondsOfMachine, cpuSecondsOfTree } from './cpu-time.ts';
import { digestRows, sortRows } from './rows.ts';
import type { Order, Outcome } from './run-subject.ts';

interface Mark {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly serverCpuSeconds: Readonly<Record<string, number>>;
  readonly machineCpuSeconds: number;
}

// Whatever ends the parent ends us, and with us the group: a store or a peer left running would spoil the next run.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'));
process.once('message', (order: Order) => {
  perform(order)
    .catch(
      (error: unknown): Outcome => ({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
    .then((outcome) => process.send?.(outcome, () => process.exit()));
});

async function perform({ module, input, settings, servers, directory, verifying }: Order): Promise<Outcome> {
  const { open }: { open?: OpenWork } = await import(module);
  if (open === undefined) throw new Error(`${module} exports no function open.`);
  const work = await open({ input, settings, directory, verifying });
  try {
    let first: Mark | undefined;
    let last: Mark | undefined;
    const stopwatch: Stopwatch = {
      begin: () => {
        first = readMark(servers);
      },
      end: () => {
        last = readMark(servers);
      },
    };
    stopwatch.begin();
    const done = await work.run(stopwatch);
    if (last === undefined) stopwatch.end();
    if (first === undefined || last === undefined) throw new Error('The stopwatch was not run.');
    return {
      done,
      startedAt: first.seconds,
      seconds: last.seconds - first.seconds,
      cpuSeconds: last.cpuSeconds - first.cpuSeconds,
      serverCpuSeconds: difference(last.serverCpuSeconds, first.serverCpuSeconds),
      machineCpuSeconds: last.machineCpuSeconds - first.machineCpuSeconds,
      measures: work.measures?.() ?? {},
      ...(verifying ? { rows: saveRows(sortRows(await work.rows()), directory) } : {}),
    };
  } finally {
    await work.close();
  }
}

function readMark(servers: Readonly<Record<string, number>>): Mark {
  return {
    seconds: (performance.timeOrigin + performance.now()) / 1000,
    cpuSeconds: cpuSecondsOfTree(process.pid),
    machineCpuSeconds: cpuSecondsOfMachine(),
    serverCpuSeconds: Object.fromEntries(Object.entries(servers).map(([name, pid]) => [name, cpuSecondsOfTree(pid)])),
  };
}

function difference(
  last: Readonly<Record<string, number>>,
  first: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(Object.entries(last).map(([name, value]) => [name, value - (first[name] ?? 0)]));
}

function saveRows(sorted: readonly string[], directory: string): { file: string; count: number; digest: string } {
  const file = join(directory, 'rows.jsonl');
  writeFileSync(file, sorted.join('\n'));
  return { file, count: sorted.length, digest: digestRows(sorted) };
}
