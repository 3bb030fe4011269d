import { type Manifest, toManifest } from '../../../generators/emit/manifest.ts';
import { type OutputFile, renderManifests } from '../../../generators/emit/output.ts';
import type { RunContext, Work } from '../bench.ts';
import type { RenderInput } from './input.ts';
import { peakMB } from './memory.ts';
import { countOf, objectsOf, readFolders, rowOf } from './objects.ts';

/** Our emitter alone, given the objects as cdk8s is given them: to bytes, a file an object. */
export async function open(context: RunContext): Promise<Work> {
  const startMs = performance.now();
  const folders = readFolders(context.input as RenderInput);
  const manifests = folders.map(({ path, objects }): [string, Manifest[]] => [path, objects.map(toManifest)]);
  let files: OutputFile[] = [];
  return {
    run: async () => {
      files = manifests.flatMap(([path, its]) => renderManifests(path, its));
      for (const { text } of files) Buffer.from(text);
      return countOf(folders);
    },
    rows: async () => files.flatMap(({ text }) => objectsOf(text).map(rowOf)),
    measures: () => ({ 'start-up ms': startMs, 'peak MB': peakMB() }),
    close: async () => undefined,
  };
}
