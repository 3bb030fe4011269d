import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, Case, Subject } from '../bench.ts';
import type { Cdk8sSettings } from './cdk8s.ts';
import { renderGrowth } from './growth.ts';
import type { LimitSettings } from './limit.ts';
import type { OursSettings } from './ours.ts';
import { prepareInput } from './project.ts';
import type { Factors } from './scale.ts';

const subjects: readonly Subject[] = [
  {
    name: 'ours',
    role: 'ours',
    summary: 'all of it, to bytes: catalog read, parsed and checked, every environment rendered',
    module: new URL('ours.ts', import.meta.url),
    settings: { writes: false } satisfies OursSettings,
  },
  {
    name: 'stringify',
    role: 'limit',
    summary: 'JSON.stringify of the same objects, made already',
    module: new URL('limit.ts', import.meta.url),
    settings: { kind: 'stringify' } satisfies LimitSettings,
  },
  {
    name: 'ours-to-disk',
    role: 'peer',
    summary: 'the same as ours, with the whole tree written where there was none',
    module: new URL('ours.ts', import.meta.url),
    settings: { writes: true } satisfies OursSettings,
  },
  {
    name: 'write-files',
    role: 'peer',
    summary: 'the limit of that: the same bytes, made already, by fs.writeFileSync',
    module: new URL('limit.ts', import.meta.url),
    settings: { kind: 'write' } satisfies LimitSettings,
  },
  {
    name: 'emitter',
    role: 'peer',
    summary: 'our emitter alone, of the same objects, made already, to bytes: what cdk8s-memory does',
    module: new URL('emitter.ts', import.meta.url),
  },
  {
    name: 'cdk8s-memory',
    role: 'peer',
    summary: 'cdk8s of the same objects, made already: app.synthYaml(), nothing written',
    module: new URL('cdk8s.ts', import.meta.url),
    settings: { layout: 'memory' } satisfies Cdk8sSettings,
  },
  {
    name: 'cdk8s',
    role: 'peer',
    summary: 'the same with app.synth(), a file a chart, as it does by itself',
    module: new URL('cdk8s.ts', import.meta.url),
    settings: { layout: 'chart' } satisfies Cdk8sSettings,
  },
  {
    name: 'cdk8s-files',
    role: 'peer',
    summary: 'the same with app.synth(), a file an object: the layout of its that grows least with charts',
    module: new URL('cdk8s.ts', import.meta.url),
    settings: { layout: 'resource' } satisfies Cdk8sSettings,
  },
  {
    name: 'helm',
    role: 'peer',
    summary: 'helm template of one chart, a template an object, with nothing to fill in',
    module: new URL('helm.ts', import.meta.url),
    peer: 'kubectl',
  },
  {
    name: 'kustomize',
    role: 'peer',
    summary: 'kubectl kustomize of each cluster, one after the other',
    module: new URL('kustomize.ts', import.meta.url),
    peer: 'kubectl',
  },
];

/** The series by which growth is told, each from the catalog as it is. */
const series: readonly { readonly name: string; readonly summary: string; factors(factor: number): Factors }[] = [
  {
    name: 'pools',
    summary: 'times the pools, clusters, services and topics',
    factors: (pools) => ({ pools, entries: 1 }),
  },
  { name: 'entries', summary: 'times the networks and pairs', factors: (entries) => ({ pools: 1, entries }) },
];

const asItIs = caseOf('1x', 'the catalog of this repository, for dev, staging and production', 1);
const larger = series.flatMap(({ name, summary, factors }) =>
  [4, 16].map((factor) => ({
    case: caseOf(`${name}-${factor}x`, `${factor} ${summary}`, name === 'pools' ? factor : 1),
    factors: factors(factor),
  })),
);
const factorsOf = new Map([
  [asItIs.name, { pools: 1, entries: 1 }],
  ...larger.map((one) => [one.case.name, one.factors] as const),
]);

export const bench: Bench = {
  name: 'render',
  summary: 'Rendering the manifests of every cluster and environment from the catalog.',
  sizes: { environments: { value: 3, meaning: 'environments that are rendered, of dev, staging and production' } },
  cases: [asItIs, ...larger.map((one) => one.case)],
  open: async ({ environments }, log) => {
    const folder = mkdtempSync(join(tmpdir(), 'bench-render-input-'));
    return {
      inputOf: async (name) => {
        log(`${name}: writing the project and its objects`);
        const place = mkdtempSync(join(folder, `${name}-`));
        return {
          input: prepareInput(place, projectRoot, factorsOf.get(name) ?? { pools: 1, entries: 1 }, environments),
        };
      },
      close: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
  conclude: (reports) =>
    renderGrowth(
      reports,
      series.map(({ name }) => name),
    ),
};

const projectRoot = join(import.meta.dirname, '../../..');

/** @param chartsFactor How many times as many charts there are: most ways of cdk8s take the square of that. */
function caseOf(name: string, summary: string, chartsFactor: number): Case {
  const isTooMuch = ({ name }: Subject) => ['cdk8s', 'cdk8s-memory'].includes(name) && chartsFactor > 4;
  return {
    name,
    summary,
    things: 'objects',
    cpuPer: 1000,
    subjects: subjects.filter((subject) => !isTooMuch(subject)),
    leftOut: subjects.filter(isTooMuch).map((subject) => ({
      subject: subject.name,
      reason: 'its time grows with the square of the charts, to minutes a run',
    })),
  };
}
