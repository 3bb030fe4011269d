import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatProblem } from '../../../catalog/problem.ts';
import { readGeneration } from '../../../generators/workspace.ts';
import type { RunContext, Work } from '../bench.ts';
import type { Folder, RenderInput } from './input.ts';
import { peakMB } from './memory.ts';
import { countOf, objectFiles, objectsOf, readFolders, rowOf } from './objects.ts';

export interface LimitSettings {
  readonly kind: 'stringify' | 'write';
}

/** What no renderer can do without: the objects, made already, as JSON; or their bytes, made already, onto the disk. */
export async function open(context: RunContext): Promise<Work> {
  const startMs = performance.now();
  const input = context.input as RenderInput;
  const { kind } = context.settings as LimitSettings;
  return kind === 'stringify' ? stringify(input, startMs) : write(input, context.directory, startMs);
}

function stringify(input: RenderInput, startMs: number): Work {
  const folders = readFolders(input);
  let texts: string[] = [];
  return {
    run: async () => {
      texts = folders.flatMap(({ objects }) => objects.map((object) => JSON.stringify(object)));
      for (const text of texts) Buffer.from(text);
      return texts.length;
    },
    rows: async () => texts.map((text) => rowOf(JSON.parse(text))),
    measures: () => ({ 'start-up ms': startMs, 'peak MB': peakMB() }),
    close: async () => undefined,
  };
}

function write(input: RenderInput, directory: string, startMs: number): Work {
  const { generation, problems } = readGeneration(input.root, {});
  if (generation === undefined) throw new Error(problems.map(formatProblem).join('\n'));
  const folders: Folder[] = readFolders(input);
  return {
    run: async () => {
      const made = new Set<string>();
      for (const { path, text } of generation.files) {
        const folder = join(directory, dirname(path));
        if (!made.has(folder)) mkdirSync(folder, { recursive: true });
        made.add(folder);
        writeFileSync(join(directory, path), text);
      }
      return countOf(folders);
    },
    rows: async () => objectFiles(generation.files).flatMap(({ text }) => objectsOf(text).map(rowOf)),
    measures: () => ({ 'start-up ms': startMs, 'peak MB': peakMB() }),
    close: async () => undefined,
  };
}
