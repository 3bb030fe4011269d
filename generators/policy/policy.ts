import type { App } from '../app.ts';
import type { Manifest } from '../emit/manifest.ts';
import type { RenderInputs } from '../inputs.ts';

/** All that goes to one cluster of one environment. */
export interface Cluster {
  readonly inputs: RenderInputs;
  readonly name: string;
  readonly apps: readonly App[];
  readonly manifests: readonly Manifest[];
}

/** A rule is broken by an object; `detail` says how, and where in it. */
export interface Breach {
  readonly manifest: Manifest;
  readonly detail: string;
}

/** What must hold of everything that is rendered. Its code stays; a rule that goes takes its code with it. */
export interface PolicyRule {
  readonly code: string;
  readonly rule: string;
  readonly why: string;
  readonly fix: string;
  check(cluster: Cluster): Iterable<Breach>;
}
