import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeYaml } from '../../../generators/emit/yaml.ts';
import type { RunContext, Work } from '../bench.ts';
import type { Folder, RenderInput } from './input.ts';
import { unpackLayer } from './kubectl-layer.ts';
import { countOf, parseObjects, readFolders, rowOf } from './objects.ts';
import { runProgram } from './run-program.ts';

/**
 * A kustomization for each cluster, since two clusters hold objects of one name, with a file an object; one run of kubectl
 * after the other. Timed are all runs, from the start of the first to the end of the last.
 */
export async function open(context: RunContext): Promise<Work> {
  const { kubectl } = unpackLayer();
  const folders = readFolders(context.input as RenderInput);
  const clusters = Map.groupBy(folders, ({ path }) => path.split('/').slice(0, 3).join('-'));
  const places = [...clusters].map(([name, its]) => {
    const place = join(context.directory, name);
    writeKustomization(place, its);
    return place;
  });
  const start = performance.now();
  await runProgram(kubectl, ['version', '--client'], join(context.directory, 'version'));
  const startMs = performance.now() - start;
  let peak = 0;
  return {
    run: async () => {
      for (const place of places) {
        peak = Math.max(peak, await runProgram(kubectl, ['kustomize', place], `${place}.out`));
      }
      return countOf(folders);
    },
    rows: async () => places.flatMap((place) => parseObjects(readFileSync(`${place}.out`, 'utf8')).map(rowOf)),
    measures: () => ({ 'start-up ms': startMs, 'peak MB': peak }),
    close: async () => undefined,
  };
}

function writeKustomization(place: string, folders: readonly Folder[]): void {
  mkdirSync(place, { recursive: true });
  const names = folders
    .flatMap(({ objects }) => objects)
    .map((object, index) => {
      writeFileSync(join(place, `${index}.yaml`), writeYaml(object));
      return `${index}.yaml`;
    });
  writeFileSync(join(place, 'kustomization.yaml'), writeYaml({ resources: names }));
}
