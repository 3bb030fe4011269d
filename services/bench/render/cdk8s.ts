import { join } from 'node:path';
import { ApiObject, App, Chart, YamlOutputType } from 'cdk8s';
import type { RunContext, Work } from '../bench.ts';
import type { RenderInput } from './input.ts';
import { peakMB } from './memory.ts';
import { countOf, parseObjects, readFolders, rowOf, rowsBelow } from './objects.ts';

export interface Cdk8sSettings {
  /** A file a chart is what cdk8s does unless told otherwise; memory is `synthYaml()`, one text of everything. */
  readonly layout: 'chart' | 'resource' | 'memory';
}

const outputs = {
  chart: YamlOutputType.FILE_PER_CHART,
  resource: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE,
  memory: YamlOutputType.FILE_PER_CHART,
} as const;

/** One App, a Chart an app's folder, an ApiObject an object. It is given the objects; timed are constructs and synth. */
export async function open(context: RunContext): Promise<Work> {
  const startMs = performance.now();
  const { layout } = context.settings as Cdk8sSettings;
  const folders = readFolders(context.input as RenderInput);
  const outdir = join(context.directory, 'dist');
  let text = '';
  return {
    run: async () => {
      const app = new App({ outdir, yamlOutputType: outputs[layout] });
      for (const { path, objects } of folders) {
        const chart = new Chart(app, path.replaceAll('/', '-'), { disableResourceNameHashes: true });
        for (const [index, object] of objects.entries()) new ApiObject(chart, String(index), object);
      }
      if (layout === 'memory') text = app.synthYaml();
      else app.synth();
      return countOf(folders);
    },
    rows: async () => (layout === 'memory' ? parseObjects(text).map(rowOf) : rowsBelow(outdir)),
    measures: () => ({ 'start-up ms': startMs, 'peak MB': peakMB() }),
    close: async () => undefined,
  };
}
