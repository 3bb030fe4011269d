import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatProblem } from '../../../catalog/problem.ts';
import type { OutputFile } from '../../../generators/emit/output.ts';
import { type Owned, replaceTree } from '../../../generators/emit/tree.ts';
import { createMemory, type Generation, type Memory, readGeneration } from '../../../generators/workspace.ts';
import type { RunContext, Work } from '../bench.ts';
import { median } from '../statistics.ts';
import type { RenderInput } from './input.ts';
import { peakMB } from './memory.ts';
import { countObjects, objectFiles, objectsOf, rowOf } from './objects.ts';

export interface OursSettings {
  /** Also write the tree, all of it, as `npm run generate` does. */
  readonly writes: boolean;
}

const editsCount = 15;

/**
 * What `npm run generate` does, timed from the first look at catalog/ to the bytes of the last file: files are read,
 * parsed and checked by schema and rules, locks written, and every environment rendered. In the same process follow, not
 * timed: the same again, and edits of one pair as the watcher takes them in.
 */
export async function open(context: RunContext): Promise<Work> {
  const startMs = performance.now();
  const input = context.input as RenderInput;
  const { writes } = context.settings as OursSettings;
  const root = writes ? join(context.directory, 'project') : input.root;
  if (writes) cpSync(input.root, root, { recursive: true });
  let generation: Generation | undefined;
  let measures: Record<string, number> = {};
  let fullMs = Number.NaN;
  return {
    run: async (stopwatch) => {
      const start = performance.now();
      generation = generate(root);
      if (writes) replaceTree(root, generation.files, generation.owned);
      else toBytes(generation.files);
      stopwatch.end();
      fullMs = performance.now() - start;
      measures = { 'start-up ms': startMs, 'peak MB': peakMB() };
      return objectFiles(generation.files).reduce((sum, { text }) => sum + countObjects(text), 0);
    },
    rows: async () => objectFiles(generation?.files ?? []).flatMap(({ text }) => objectsOf(text).map(rowOf)),
    measures: () => ({ ...measures, ...(writes ? {} : measureEdits(input, fullMs)) }),
    close: async () => undefined,
  };
}

function generate(root: string, memory?: Memory): Generation & { readonly owned: Owned } {
  const { generation, problems } = readGeneration(root, memory === undefined ? {} : { memory });
  if (generation === undefined) throw new Error(problems.map(formatProblem).join('\n'));
  return generation;
}

/** Texts as bytes, which is what is written: until then a text may be no more than a list of its parts. */
function toBytes(files: readonly OutputFile[]): void {
  for (const { text } of files) Buffer.from(text);
}

/** Renders after each edit of one pair, as the watcher does, and finds what differs from before. */
function measureEdits({ root, pairFile }: RenderInput, firstMs: number): Record<string, number> {
  const file = join(root, pairFile);
  const before = readFileSync(file, 'utf8');
  const memory = createMemory();
  const known = new Map<string, string>();
  const update = () => {
    const { files } = generate(root, memory);
    const changed = files.filter(({ path, text }) => known.get(path) !== text);
    for (const { path, text } of changed) known.set(path, text);
    toBytes(changed);
  };
  const againMs = timeMs(update);
  const editMs = median(
    Array.from({ length: editsCount }, (_, index) => {
      writeFileSync(file, before.replace(/tickSize: "[0-9.]+"/, `tickSize: "0.${index + 1}"`));
      return timeMs(update);
    }),
  );
  writeFileSync(file, before);
  return {
    'full again ms': againMs,
    'one-pair edit ms': editMs,
    'full ÷ edit': firstMs / editMs,
    'full again ÷ edit': againMs / editMs,
  };
}

function timeMs(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
