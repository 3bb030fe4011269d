import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Metric, metrics } from '../../../catalog/metrics.ts';
import { inputsOf, projectRoot } from '../../testing/project.ts';
import { type Dashboard, pathOf } from './dashboard.ts';
import { dashboardsOf, renderDashboard } from './dashboards.ts';
import { renderNetworksOverview } from './networks-overview.ts';

const { catalog, environment } = inputsOf('production');
const promtool = spawnSync('promtool', ['--version']).status === 0;

/** Metrics of others begin with one of these; what they are called is their programs' matter. */
const wellKnown =
  /^(up|ALERTS|kube_|kubelet_|container_|node_|process_|nodejs_|certmanager_|cnpg_|ClickHouse(Metrics|AsyncMetrics|ProfileEvents)_|kafka_|redis_|minio_|elasticsearch_|chain_head_|p2p_peers|libp2p_peers|slotclock_|beacon_)/;

describe(dashboardsOf.name, () => {
  it('shows each cluster what runs there', () => {
    expect(idsOn('analytics')).toEqual([
      'l2-networks-overview',
      'network-performance',
      'gas-fees',
      'protocol-activity',
      'stream-processing',
      'system-health',
      'stores',
    ]);
    expect(idsOn('market')).toEqual(['market', 'system-health']);
    expect(idsOn('infrastructure')).toEqual(['system-health', 'ethereum-nodes']);
    expect(idsOn('ml'), 'there is no Prometheus').toEqual([]);
  });

  it('gives every dashboard of a cluster an address and a title of its own', () => {
    for (const { id } of catalog.pools) {
      const models = modelsOn(id);
      expect(new Set(models.map(({ uid }) => uid)).size).toBe(models.length);
      expect(new Set(models.map(({ title }) => title)).size).toBe(models.length);
      // Grafana takes no longer one.
      for (const { uid } of models) expect(uid.length).toBeLessThanOrEqual(40);
    }
  });

  it('makes the same bytes each time', () => {
    expect(dashboardsOn('analytics')).toEqual(dashboardsOn('analytics'));
  });

  it('leads from one dashboard only to another of the same cluster', () => {
    const addresses = modelsOn('analytics').map(({ uid }) => `/d/${uid}?`);
    const links = JSON.stringify(modelsOn('analytics')).match(/\/d\/[a-z0-9-]+\?/g) ?? [];
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(addresses).toContain(link);
  });
});

describe('every panel', () => {
  const panels = catalog.pools.flatMap(({ id }) => modelsOn(id).flatMap((model) => panelsOf(model)));

  it('says what is seen, and in which unit', () => {
    expect(panels.length).toBeGreaterThan(100);
    for (const { title, description = '', fieldConfig } of panels) {
      expect(description.length, title).toBeGreaterThan(5);
      expect(fieldConfig?.defaults.unit, title).toBeDefined();
    }
  });

  it('has a number of its own, and a place that no other takes', () => {
    for (const { id } of catalog.pools) {
      for (const model of modelsOn(id)) {
        expect(new Set(model.panels.map((panel) => panel.id)).size).toBe(model.panels.length);
        const taken = new Map<string, string>();
        for (const { title, gridPos } of model.panels) {
          expect(gridPos.x + gridPos.w, `${model.title}: ${title}`).toBeLessThanOrEqual(24);
          for (const cell of cellsOf(gridPos)) {
            expect(taken.get(cell), `${model.title}: ${title}`).toBeUndefined();
            taken.set(cell, title);
          }
        }
      }
    }
  });

  it('fills its line: no hole is left at the right', () => {
    for (const { id } of catalog.pools) {
      for (const { title, panels } of modelsOn(id)) {
        const lines = Map.groupBy(panels, ({ gridPos }) => gridPos.y);
        for (const [y, line] of lines) {
          expect(
            line.reduce((sum, { gridPos }) => sum + gridPos.w, 0),
            `${title}: the line at ${y}`,
          ).toBe(24);
          expect(new Set(line.map(({ gridPos }) => gridPos.h)).size, `${title}: the line at ${y}`).toBe(1);
        }
      }
    }
  });
});

describe('every query', () => {
  const targets = catalog.pools.flatMap(({ id }) =>
    modelsOn(id)
      .flatMap(panelsOf)
      .flatMap(({ targets = [] }) => targets),
  );
  const queries = [...new Set(targets.flatMap(({ expr }) => expr ?? []))];
  const statements = targets.flatMap(({ rawSql }) => rawSql ?? []);

  it('asks for metrics that something writes', () => {
    const ours = new Set(Object.values<Metric>(metrics).flatMap(({ name, type }) => [name, ...bucketsOf(name, type)]));
    for (const query of queries) {
      const names = metricsIn(query);
      expect(names.length, query).toBeGreaterThan(0);
      for (const name of names) expect(ours.has(name) || wellKnown.test(name), `${name} in ${query}`).toBe(true);
    }
  });

  it('asks for labels that our metrics have', () => {
    const given = ['job', 'pod', 'namespace', 'shard', 'instance'];
    for (const query of queries) {
      for (const { name, labels } of Object.values<Metric>(metrics)) {
        for (const [, matchers = ''] of query.matchAll(new RegExp(`${name}(?:_bucket)?\\{([^}]*)\\}`, 'g'))) {
          for (const [, label = ''] of matchers.matchAll(/(\w+)(?:=|!)/g))
            expect([...labels, ...given], query).toContain(label);
        }
      }
    }
  });

  it.skipIf(!promtool)('is one that Prometheus understands', () => {
    expect(promtoolSays(queries.map(withoutVariables))).toBe('');
  });

  it('asks ClickHouse for tables and columns that are there', () => {
    const tables = readFileSync(join(projectRoot, 'services/datasets/chain/timeseries/001-chain.sql'), 'utf8');
    const words = new Set(tables.match(/\w+/g));
    expect(statements.length).toBeGreaterThan(10);
    for (const sql of statements) {
      // Names of ours are in lower case, and so is nothing else that is no function, text, macro or alias.
      const bare = sql
        .replaceAll(/"[^"]*"|'[^']*'|\$\{[^}]*\}|\$\w+/g, '')
        .replaceAll(/\bAS \w+/g, '')
        .replaceAll(/\b(?:GROUP BY|ORDER BY)[^)]*$/g, '');
      for (const [name] of bare.matchAll(/\b[a-z]\w*\b(?!\()/g)) expect(words, sql).toContain(name);
    }
  });

  it('looks at one network of ClickHouse, from a number on', () => {
    for (const sql of statements) expect(sql).toContain('AND number > (SELECT max(number) FROM chain_blocks');
  });
});

describe(renderNetworksOverview.name, () => {
  const overview = renderNetworksOverview(catalog.networks, environment);

  it('holds the networks that are followed, each in the row of its tier', () => {
    expect(overview.sources).toContain('network/base');
    const rows = modelOf(overview).panels.filter(({ type }) => type === 'row');
    expect(rows.map(({ title }) => title)).toEqual(['All networks', 'Tier: critical', 'Tier: standard']);
    expect(JSON.stringify(panelIn(overview, 201))).toContain('|base|');
  });

  it('judges the pace of a network by its own block time', () => {
    const { fieldConfig } = panelIn(overview, 202);
    const own = fieldConfig?.overrides.find(({ matcher }) => matcher.options.includes('scroll'));
    expect(own?.matcher.options).toBe('/^(scroll)$/');
    expect(own?.properties[0]?.value.steps.map(({ value }) => value)).toEqual([null, 9, 30]);
  });

  it('changes with a network that is followed, and with no other', () => {
    const without = (id: string) => {
      const networks = catalog.networks.filter((network) => network.id !== id);
      return renderNetworksOverview(networks, environment);
    };
    expect(without('base')).not.toEqual(overview);
    expect(without('starknet')).toEqual(overview);
  });

  it('leaves the numbers of the other tiers when one has no network', () => {
    const standard = renderNetworksOverview(
      catalog.networks.filter(({ id }) => id === 'mantle'),
      environment,
    );
    expect(modelOf(standard).panels.map(({ id }) => id)).toContain(301);
    expect(modelOf(standard).panels.map(({ id }) => id)).not.toContain(201);
  });
});

describe(renderDashboard.name, () => {
  it('is a ConfigMap that the sidecar finds, with JSON that reads line by line', () => {
    const [first] = dashboardsOn('analytics');
    expect(first && renderDashboard(first)).toMatchObject({
      kind: 'ConfigMap',
      metadata: {
        name: 'dashboard-l2-networks-overview',
        namespace: 'monitoring',
        labels: { grafana_dashboard: '1' },
        annotations: { 'argocd.argoproj.io/sync-wave': '-2' },
      },
      data: { 'l2-networks-overview.json': expect.stringMatching(/^\{\n {2}"/) },
    });
  });
});

describe(pathOf.name, () => {
  it('keeps the time that is on the screen', () => {
    expect(pathOf('stores', { pod: 'a' })).toBe('/d/defimon-stores?var-pod=a&$__url_time_range');
  });
});

function dashboardsOn(id: string): Dashboard[] {
  const services = catalog.services.filter(({ pool }) => pool === id);
  const networks = services.some((service) => service.id === 'chain-sync') ? catalog.networks : [];
  return catalog.pools
    .filter((pool) => pool.id === id)
    .flatMap((pool) => dashboardsOf({ pool, environment, services, networks, protocols: catalog.protocols }));
}

function idsOn(pool: string): string[] {
  return dashboardsOn(pool).map(({ id }) => id);
}

/** What of Grafana's model the tests look at. */
interface Model {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly PanelModel[];
}
interface PanelModel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr?: string; readonly rawSql?: string }[];
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string };
    readonly overrides: readonly {
      readonly matcher: { readonly options: string };
      readonly properties: readonly { readonly value: { readonly steps: readonly { readonly value: number }[] } }[];
    }[];
  };
}

function modelOf({ json }: Dashboard): Model {
  return JSON.parse(json);
}

function modelsOn(pool: string): Model[] {
  return dashboardsOn(pool).map(modelOf);
}

function panelsOf({ panels }: Model): PanelModel[] {
  return panels.filter(({ type }) => type !== 'row');
}

function panelIn(dashboard: Dashboard, id: number): PanelModel {
  const found = modelOf(dashboard).panels.find((panel) => panel.id === id);
  if (found === undefined) throw new Error(`there is no panel ${id}`);
  return found;
}

function cellsOf({ x, y, w, h }: PanelModel['gridPos']): string[] {
  return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`);
}

function bucketsOf(name: string, type: Metric['type']): string[] {
  return type === 'histogram' ? [`${name}_bucket`] : [];
}

/** What is left of a query when its functions, labels, texts and numbers are gone. */
function metricsIn(query: string): string[] {
  const bare = query
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|on|ignoring|without|group_left|group_right)\s*\([^)]*\)/g, '');
  const words = [...bare.matchAll(/[A-Za-z_]\w*(?!\w*\s*\()/g)].map(([word]) => word);
  return words.filter((word) => !['or', 'and', 'unless', 'bool'].includes(word) && !/^\d|^e\d+$/.test(word));
}

/** As Grafana sends it. */
function withoutVariables(query: string): string {
  return query.replaceAll('$__rate_interval', '5m').replaceAll('$network', 'base').replaceAll('$symbol', 'BTCUSDT');
}

/** Wraps each query in a rule, which promtool reads; says what it did not understand. */
function promtoolSays(queries: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'defimon-queries-'));
  try {
    const file = join(folder, 'rules.yaml');
    const rules = queries.map((expr, index) => ({ record: `query:${index}`, expr }));
    writeFileSync(file, stringify({ groups: [{ name: 'queries', rules }] }));
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    return status === 0 ? '' : stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
