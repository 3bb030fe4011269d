import { describe, expect, it } from 'vitest';
import type { Metric } from '../../catalog/metrics.ts';
import type { App } from '../app.ts';
import type { Manifest } from '../emit/manifest.ts';
import { renderMetricsReference } from './metrics-reference.ts';
import { type UsesCache, usesOf } from './uses.ts';

describe(renderMetricsReference.name, () => {
  it('has a row a metric below its topic, with who reads it', () => {
    const [blocks, wait] = [
      metric('defimon_blocks_processed_total'),
      metric('defimon_bus_handling_seconds', 'histogram'),
    ];
    const page = renderMetricsReference([wait, blocks], usesOf([monitoring()], [wait.name, blocks.name]));
    expect(page.match(/^(##|\| `).*/gm)?.map((line) => line.replaceAll(/ +\|/g, ' |'))).toEqual([
      '## Chains: sync',
      '| `defimon_blocks_processed_total` | counter | `network` | a \\| b | `Slow` | |',
      '## Bus',
      '| `defimon_bus_handling_seconds` | histogram | `network` | a \\| b | | Bus |',
    ]);
  });

  it('leaves no metric out, whatever it is called', () => {
    const page = renderMetricsReference([metric('else_total')], new Map());
    expect(page).toContain('## Others\n');
    expect(page).toMatch(/^\| `else_total` \| counter \|/m);
  });
});

describe(usesOf.name, () => {
  it('takes no name for a longer one', () => {
    expect(usesOf([monitoring()], ['defimon_blocks'])).toEqual(
      new Map([['defimon_blocks', { alerts: new Set(), dashboards: new Set() }]]),
    );
  });

  it('finds the same in what it has read before', () => {
    const cache: UsesCache = new WeakMap();
    const [apps, names] = [[monitoring()], ['defimon_blocks_processed_total', 'defimon_bus_handling_seconds']];
    const first = usesOf(apps, names, cache);
    expect(usesOf(apps, names, cache)).toEqual(first);
    expect(first.get('defimon_bus_handling_seconds')?.dashboards).toEqual(new Set(['Bus']));
  });
});

function metric(name: string, type: Metric['type'] = 'counter'): Metric {
  return { name, type, help: 'a | b', labels: ['network'] };
}

/** An app with an alert on blocks, and a dashboard of the bus. */
function monitoring(): App {
  const rule: Manifest = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'chain' },
    spec: { groups: [{ rules: [{ alert: 'Slow', expr: 'rate(defimon_blocks_processed_total[5m]) < 1' }] }] },
  };
  const dashboard: Manifest = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'dashboard-bus' },
    data: { 'bus.json': JSON.stringify({ title: 'Bus', expr: 'rate(defimon_bus_handling_seconds_bucket[5m])' }) },
  };
  const place = { environment: 'dev', pool: 'analytics', cluster: 'one', namespace: 'monitoring' };
  return { ...place, name: 'monitoring', tier: 'platform', owner: 'platform', manifests: [rule, dashboard] };
}
