import type { App } from '../app.ts';
import type { Manifest } from '../emit/manifest.ts';

/** What reads a metric: names of alerts, and titles of dashboards. */
export interface Uses {
  readonly alerts: ReadonlySet<string>;
  readonly dashboards: ReadonlySet<string>;
}

/** Which words the queries of an app's alerts and dashboards hold, by what holds them. */
interface Queries {
  readonly alerts: readonly Query[];
  readonly dashboards: readonly Query[];
}

interface Query {
  readonly of: string;
  readonly words: ReadonlySet<string>;
}

/** What was found in apps before: an app that was not rendered again is not read again. */
export type UsesCache = WeakMap<App, Queries>;

/**
 * Who reads each of these metrics, as the rendered objects have it: PrometheusRules and the dashboards' ConfigMaps, whatever code they
 * came from. A histogram is read by its buckets, its sum and its count.
 */
export function usesOf(apps: readonly App[], names: readonly string[], cache?: UsesCache): ReadonlyMap<string, Uses> {
  const found = apps.map((app) => {
    const queries = cache?.get(app) ?? queriesOf(app.manifests);
    cache?.set(app, queries);
    return queries;
  });
  const readers = (of: keyof Queries, name: string): ReadonlySet<string> => {
    const forms = ['', '_bucket', '_sum', '_count'].map((end) => name + end);
    const queries = found.flatMap((each) => each[of]).filter(({ words }) => forms.some((form) => words.has(form)));
    return new Set(queries.map((query) => query.of).sort());
  };
  return new Map(
    names.map((name) => [name, { alerts: readers('alerts', name), dashboards: readers('dashboards', name) }]),
  );
}

function queriesOf(manifests: readonly Manifest[]): Queries {
  const rules = manifests.filter(({ kind }) => kind === 'PrometheusRule');
  const dashboards = manifests.filter(
    ({ kind, metadata }) => kind === 'ConfigMap' && /^dashboard-/.test(metadata.name),
  );
  return {
    alerts: rules.flatMap((rule) => alertsIn(rule)),
    dashboards: dashboards.flatMap(({ data }) => valuesOf(data).flatMap(dashboardIn)),
  };
}

function alertsIn(value: unknown): Query[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(alertsIn);
  if (!('alert' in value && 'expr' in value)) return inside;
  return [{ of: String(value.alert), words: wordsOf(String(value.expr)) }, ...inside];
}

function dashboardIn(json: unknown): Query[] {
  if (typeof json !== 'string') return [];
  const { title }: { title?: unknown } = JSON.parse(json);
  return [{ of: String(title), words: wordsOf(json) }];
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.match(/[a-z][a-z0-9]*(_[a-z0-9]+)+/g));
}

function valuesOf(data: unknown): unknown[] {
  return typeof data === 'object' && data !== null ? Object.values(data) : [];
}
