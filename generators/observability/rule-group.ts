import type { severities } from '../../catalog/tiers.ts';

type Severity = (typeof severities)[keyof typeof severities];

/** One alert, in the words of Prometheus. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  /** How long it must hold: `5m`. */
  readonly for: string;
  readonly severity: Severity;
  /** Owner, from the catalog: Alertmanager tells him. */
  readonly owner: string;
  /** The network that it watches, if it watches one. */
  readonly network?: string;
  /** One line, with Prometheus' templates: what happens. */
  readonly summary: string;
  /** What to do about it. */
  readonly action: string;
}

/** Alerts that are evaluated together. */
export interface RuleGroup {
  readonly name: string;
  readonly alerts: readonly Alert[];
}

/** The group as a PrometheusRule, and promtool, take it. */
export function renderGroup({ name, alerts }: RuleGroup): object {
  return {
    name,
    rules: alerts.map(({ alert, expr, for: holds, severity, owner, network, summary, action }) => ({
      alert,
      expr,
      for: holds,
      labels: { severity, owner, ...(network === undefined ? {} : { network }) },
      annotations: { summary, action },
    })),
  };
}

/** That a counter grew in the last ten minutes. Prometheus sees no growth in a series' first value, which may be all there is. */
export function newIn(label: string, counter: string): string {
  const by = `sum by (${label})`;
  return `${by} (increase(${counter}[10m])) > 0 or ${by} (${counter}) > 0 unless ${by} (${counter} offset 10m)`;
}
