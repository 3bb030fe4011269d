import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardCursorSync,
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type PanelBuilder, prometheusSource } from './panels.ts';

/** One dashboard, still without an object to carry it. */
export interface Dashboard {
  /** `network-performance`: of its ConfigMap, its address and its file. */
  readonly id: string;
  /** Catalog ids of what it shows. */
  readonly sources: readonly string[];
  /** As Grafana reads it, with a line for each value, so that a change reads as one. */
  readonly json: string;
}

/** Panels below one heading. */
export interface Section {
  readonly title: string;
  readonly panels: readonly PanelBuilder[];
}

interface DashboardOptions {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly sources: readonly string[];
  /** Beside the data source. */
  readonly variables?: readonly Builder<VariableModel>[];
  /** One that is undefined is left out and keeps its numbers, so that those of the panels after it do not change. */
  /** How often it asks again by itself. */
  readonly refresh?: string;
  readonly sections: readonly (Section | undefined)[];
}

/** All that are ours have it: so each has a menu of the others. */
const tag = 'defimon';
/** Panels of one section are numbered from here on. */
const numbersOfSection = 100;

/** Of all that are ours. Grafana shows it in the bar at the top unless the builder's own place for it is left in. */
const menu: Builder<DashboardLink> = {
  build() {
    const { placement: _, ...link } = new DashboardLinkBuilder('Dashboards')
      .type(DashboardLinkType.Dashboards)
      .tags([tag])
      .asDropdown(true)
      .includeVars(true)
      .keepTime(true)
      .build();
    return link;
  },
};

/** Lays out a dashboard: sections below each other, their panels from left to right in lines of 24. */
export function createDashboard({ id, title, sections, ...options }: DashboardOptions): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uidOf(id))
    .description(options.description)
    .tags([tag])
    .readonly()
    .timezone('utc')
    .time({ from: 'now-6h', to: 'now' })
    .refresh(options.refresh ?? '30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(menu)
    .variables([sourceVariable('datasource', 'Source', prometheusSource), ...(options.variables ?? [])]);
  for (const [index, section] of sections.entries()) {
    if (section === undefined) continue;
    const first = (index + 1) * numbersOfSection;
    builder.withRow(new RowBuilder(section.title).id(first));
    for (const [place, panel] of section.panels.entries()) {
      panel.id(first + place + 1);
      builder.withPanel(panel);
    }
  }
  return { id, sources: options.sources, json: `${JSON.stringify(builder.build(), undefined, 2)}\n` };
}

/** Where a dashboard is, below Grafana's own address; the time on the screen goes along. */
export function pathOf(id: string, variables: Readonly<Record<string, string>> = {}): string {
  const query = Object.entries(variables).map(([name, value]) => `var-${name}=${value}`);
  return `/d/${uidOf(id)}?${[...query, '$__url_time_range'].join('&')}`;
}

/** A choice among Grafana's sources of a kind. */
export function sourceVariable(name: string, label: string, { type = '' }: DataSourceRef): DatasourceVariableBuilder {
  return new DatasourceVariableBuilder(name).label(label).type(type);
}

/** A choice among the values that a label has by now: one that is added to the catalog is there by itself. */
export function labelVariable(name: string, label: string, of: string): QueryVariableBuilder {
  const query = `label_values(${of}, ${name})`;
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(prometheusSource)
    .query({ query, refId: name })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

function uidOf(id: string): string {
  return `defimon-${id}`;
}
