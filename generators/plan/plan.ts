import type { Problem } from '../../catalog/problem.ts';
import type { Currency } from '../../catalog/schema/common.ts';
import type { Edit, EntryEdit } from './edits.ts';

/** The version of the JSON form: raised when a field goes or changes its meaning. */
export const planVersion = 1;

export type ChangeKind = 'added' | 'changed' | 'removed';

/** What made a file differ: a catalog entry, an environment's settings or images, or the generators themselves. */
export interface Cause {
  /** `network/base`, `environment/staging`, `images/defimon`, or `generators`. */
  readonly id: string;
  /** Where it is written, if it is known. */
  readonly file?: string;
  readonly line?: number;
}

/** One object, or one file that is none, which differs between two trees. */
export interface Change {
  readonly kind: ChangeKind;
  /**
   * `object`: in a cluster · `app`: an app.json, hence an Application · `input`: settings and locks of an environment ·
   * `text`: the file differs, but nothing that is applied does.
   */
  readonly what: 'object' | 'app' | 'input' | 'text';
  readonly environment: string;
  readonly cluster: string;
  readonly unit: string;
  readonly path: string;
  /** The file that held it before, if it is another. */
  readonly movedFrom?: string;
  /** `Deployment.apps/analytics/chain-sync`, or the file's name. */
  readonly identity: string;
  /** What differs, field by field; empty for what was added or removed. */
  readonly edits: readonly Edit[];
  /** The whole of what was added or removed. */
  readonly lines: readonly string[];
  readonly causes: readonly Cause[];
}

/** Pods that are replaced by this change. */
export interface Restart extends Where {
  /** `certain`: the pod template changed · `operator`: its operator or chart decides whether they must. */
  readonly how: 'certain' | 'operator';
  /** The fields of the template that changed. */
  readonly fields: readonly string[];
  readonly causes: readonly Cause[];
}

/** A ConfigMap that changed below pods which are not replaced. */
export interface Reload extends Where {
  readonly configMap: string;
  /** `reloads`: it is mounted, and read again · `stale`: it was read as variables, which only a new pod has. */
  readonly how: 'reloads' | 'stale';
}

export interface ReplicaChange extends Where {
  readonly field: string;
  readonly before: number;
  readonly after: number;
}

export interface Where {
  readonly environment: string;
  readonly cluster: string;
  readonly identity: string;
}

export type DangerSeverity = 'minor' | 'major' | 'critical';

/** What may lose data, be refused by the cluster, or leave less than there was. */
export interface Danger extends Where {
  /** DAN001 … */
  readonly code: string;
  readonly severity: DangerSeverity;
  /** The rendered file. */
  readonly path: string;
  /** The field, where it is one. */
  readonly field?: string;
  readonly message: string;
  readonly advice: string;
  readonly causes: readonly Cause[];
}

export type Money = Partial<Record<Currency, number>>;

/** What a pool costs a month at rest, at list prices. Undefined: there is none, or it cannot be read. */
export interface CostChange {
  readonly pool: string;
  readonly before: Money | undefined;
  readonly after: Money | undefined;
  /** Lines without a known price after the change. */
  readonly unpriced: number;
}

export interface ClusterPlan {
  readonly cluster: string;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly apps: Readonly<Record<ChangeKind, number>>;
  readonly restarts: readonly Restart[];
  readonly reloads: readonly Reload[];
  readonly replicas: readonly ReplicaChange[];
}

export interface EnvironmentPlan {
  readonly environment: string;
  /** Entries that differ between the lock before and after. */
  readonly entries: readonly EntryEdit[];
  /** Only the clusters where something changes. */
  readonly clusters: readonly ClusterPlan[];
  /** All pools, changed or not; none where neither the lock nor the settings changed. */
  readonly costs: readonly CostChange[];
  /** The side whose lock or settings do not fit today's schema, so that there is no cost to compare. */
  readonly costUnknown?: 'before' | 'after';
  /** For what follows its own lock: the entries of `source`'s lock that differ from it. */
  readonly promotion?: { readonly source: string; readonly entries: readonly EntryEdit[] };
}

/** Changes that read the same. */
export interface Group {
  readonly kind: ChangeKind;
  readonly what: Change['what'];
  /** Lines of a diff, the same for each of its changes. */
  readonly body: readonly string[];
  /** At least one, by path. */
  readonly changes: readonly Change[];
}

/** What a merge request does to the clusters. */
export interface Plan {
  readonly version: typeof planVersion;
  /** One sentence. */
  readonly summary: string;
  /** Only those where something changes, or that wait for a promotion. */
  readonly environments: readonly EnvironmentPlan[];
  readonly groups: readonly Group[];
  readonly dangers: readonly Danger[];
  /** What cannot be rendered yet, and why. */
  readonly waits: readonly string[];
  /** Of the catalog; with an error among them there is nothing else. */
  readonly problems: readonly Problem[];
}
