import { getId } from '../../catalog/kinds.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Exceptions } from '../../catalog/schema/common.ts';
import type { App } from '../app.ts';
import { identityOf, sourcesOf } from '../emit/manifest.ts';
import type { RenderInputs } from '../inputs.ts';
import { clusterRules, clustersIn } from './cluster-rules.ts';
import { podRules } from './pod-rules.ts';
import type { PolicyRule } from './policy.ts';
import { referenceRule } from './references.ts';

/** Every rule, by code. */
export const policyRules: readonly PolicyRule[] = [...clusterRules, ...podRules, referenceRule].sort((a, b) =>
  a.code < b.code ? -1 : 1,
);

/** A rule that an object breaks. */
export interface Violation {
  readonly code: string;
  readonly rule: string;
  readonly fix: string;
  readonly environment: string;
  readonly cluster: string;
  /** `StatefulSet.apps/analytics/geth`. */
  readonly object: string;
  readonly detail: string;
  /** Catalog ids the object came from. */
  readonly sources: readonly string[];
}

/** A rule that an object breaks, and may. */
export interface Excused extends Violation {
  /** The catalog entry that says so: `pool/infrastructure`. */
  readonly by: string;
  readonly reason: string;
}

/** An exception that nothing needs any more. */
interface Unneeded {
  readonly by: string;
  readonly rule: string;
  readonly object: string;
}

export interface PolicyReport {
  readonly violations: readonly Violation[];
  readonly excused: readonly Excused[];
  readonly unneeded: readonly Unneeded[];
}

/** Holds everything that is rendered for the environments against every rule, with the exceptions of their catalogs. */
export function checkPolicy(
  renderings: readonly { readonly inputs: RenderInputs; readonly apps: readonly App[] }[],
): PolicyReport {
  const excused: Excused[] = [];
  const violations: Violation[] = [];
  const needed = new Set<string>();
  const stated = new Map<string, Unneeded>();
  for (const { inputs, apps } of renderings) {
    const exceptions = exceptionsIn(inputs.catalog);
    for (const one of exceptions) stated.set(keyOf(one), { by: one.by, rule: one.rule, object: one.object });
    for (const found of violationsIn(inputs, apps)) {
      const exception = exceptions.find((one) => excuses(one, found));
      if (exception === undefined) violations.push(found);
      else {
        needed.add(keyOf(exception));
        excused.push({ ...found, by: exception.by, reason: exception.reason });
      }
    }
  }
  return { violations, excused, unneeded: [...stated].flatMap(([key, one]) => (needed.has(key) ? [] : [one])) };
}

function violationsIn(inputs: RenderInputs, apps: readonly App[]): Violation[] {
  return clustersIn(inputs, apps).flatMap((cluster) =>
    policyRules.flatMap(({ code, rule, fix, check }) =>
      [...check(cluster)].map(({ manifest, detail }) => ({
        code,
        rule,
        fix,
        environment: inputs.environment.name,
        cluster: cluster.name,
        object: identityOf(manifest),
        detail,
        sources: sourcesOf(manifest),
      })),
    ),
  );
}

type Exception = Exceptions[number] & { readonly by: string };

function exceptionsIn(catalog: Catalog): Exception[] {
  const holders = [
    ...catalog.pools.map((entry) => ['pool', entry] as const),
    ...catalog.services.map((entry) => ['service', entry] as const),
    ...catalog.components.map((entry) => ['component', entry] as const),
  ];
  return holders.flatMap(([kind, entry]) =>
    (entry.exceptions ?? []).map((exception) => ({ ...exception, by: `${kind}/${getId(kind, entry)}` })),
  );
}

/** An exception holds for objects that its entry caused, by kind and name. */
function excuses({ rule, object, by }: Exception, { code, object: identity, sources }: Violation): boolean {
  if (rule !== code || !sources.includes(by)) return false;
  const [kind = ''] = identity.split('/')[0]?.split('.') ?? [];
  const name = identity.split('/').at(-1) ?? '';
  const pattern = object.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*');
  return new RegExp(`^${pattern}$`).test(`${kind}/${name}`);
}

function keyOf({ by, rule, object }: Unneeded): string {
  return `${by} ${rule} ${object}`;
}
