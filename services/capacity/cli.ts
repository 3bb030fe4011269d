/** `npm run capacity`: what a size needs, what breaks first, what a simulation of it shows. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { measureCosts } from './measure/measure.ts';
import { loadPlanning } from './planning.ts';
import { renderDocument, renderReport } from './render.ts';
import { type Size, sizes, studyOf } from './sizes.ts';

const help = `npm run capacity -- [options]

What networks and pairs need, from what a block, a message and a row were measured to cost: machines, partitions, replicas,
money; what breaks first with the catalog as it is; and a simulation of it. Without a size: the three of services/CAPACITY.md.

Options:
  --networks N        so many networks; default 50
  --pairs N           so many trading pairs; default 200
  --json              all figures, for programs
  --write             writes services/CAPACITY.md
  --check             fails when services/CAPACITY.md is not what --write would write
  --measure           measures the costs again that can be within some minutes, on embedded stores, and compares them with those in use
  --help`;

const options = {
  networks: { type: 'string' },
  pairs: { type: 'string' },
  json: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  check: { type: 'boolean', default: false },
  measure: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const root = join(import.meta.dirname, '..', '..');
const path = join(root, 'services', 'CAPACITY.md');

await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    process.stdout.write(`${help}\n`);
    return;
  }
  if (values.measure) {
    await measureCosts((line) => process.stdout.write(`${line}\n`));
    return;
  }
  const isOwn = values.networks !== undefined || values.pairs !== undefined;
  const wanted: readonly Size[] = isOwn
    ? [
        {
          networks: countOf('networks', values.networks ?? '50', 20_000),
          pairs: countOf('pairs', values.pairs ?? '200', 100_000),
        },
      ]
    : sizes;
  if ((values.write || values.check) && isOwn)
    throw new Error('--write and --check go with the three sizes: leave out --networks and --pairs');
  const catalog = loadPlanning(root);
  const studies = wanted.map((size) => studyOf(catalog, size));
  if (values.write || values.check) {
    const text = renderDocument(studies);
    const shown = relative(process.cwd(), path);
    if (values.write) writeFileSync(path, text);
    else if (readFileSync(path, 'utf8') !== text) throw new Error(`${shown} is stale: npm run capacity -- --write`);
    process.stdout.write(`${shown} is ${values.write ? 'written' : 'fresh'}\n`);
    return;
  }
  process.stdout.write(values.json ? `${JSON.stringify(studies, undefined, 2)}\n` : renderReport(studies));
}

function countOf(name: string, value: string, max: number): number {
  if (!/^[1-9]\d*$/.test(value) || Number(value) > max)
    throw new Error(`--${name} takes a whole number from 1 to ${max}, not ${value}`);
  return Number(value);
}
