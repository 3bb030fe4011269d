import { PanelBuilder as BarsBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  type DataSourceRef,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type DashboardLink,
  DashboardLinkBuilder,
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as ChartBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** A panel that a dashboard can still number. */
export interface PanelBuilder extends Builder<Panel> {
  id(id: number): unknown;
}

/** What Prometheus is asked, and how the answer is called. */
export interface Query {
  readonly expr: string;
  /** `{{network}}` is the series' label. */
  readonly legend: string;
}

export interface PanelOptions {
  readonly title: string;
  /** What is seen, and what to make of it. */
  readonly description: string;
  /** Grafana's id of a unit: `s`, `bytes`, `percentunit`, `short`. */
  readonly unit: string;
  /** Out of 24: the panels of a line make 24 together. */
  readonly width: number;
  readonly height?: number;
  /** Of Prometheus. */
  readonly queries?: readonly Query[];
  /** Another source than Prometheus, and what it is asked. */
  readonly source?: DataSourceRef;
  readonly targets?: readonly Builder<Dataquery>[];
  /** From which value on a value is of which colour; below the first it is green. */
  readonly thresholds?: Thresholds;
  readonly decimals?: number;
  readonly max?: number;
  /** Where a click on a series leads. */
  readonly link?: Link;
}

export type Thresholds = readonly (readonly [from: number, colour: 'yellow' | 'red' | 'green'])[];

export interface Link {
  readonly title: string;
  readonly url: string;
}

/** Chosen at the top of the dashboard, so that it is the same JSON whatever the source is called. */
export const prometheusSource: DataSourceRef = { type: 'prometheus', uid: '$datasource' };

const heights = { chart: 8, number: 4 };

/** Lines over time. */
export function chart(options: PanelOptions & { readonly stacked?: true }): PanelBuilder {
  return dress(new ChartBuilder(), { height: heights.chart, ...options })
    .lineWidth(1)
    .fillOpacity(options.stacked ? 30 : 5)
    .stacking(new StackingConfigBuilder().mode(options.stacked ? StackingMode.Normal : StackingMode.None))
    .axisSoftMin(0)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .targets([...queriesOf(options).map(rangeQuery), ...(options.targets ?? [])]);
}

/** One number, coloured by its thresholds, with its course behind it. */
export function number(options: PanelOptions): PanelBuilder {
  return dress(new StatBuilder(), { height: heights.number, ...options })
    .colorMode(options.thresholds === undefined ? BigValueColorMode.None : BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.Area)
    .reduceOptions(lastValue())
    .targets([...queriesOf(options).map(rangeQuery), ...(options.targets ?? [])]);
}

/** Thresholds of some of the series, by their names. */
export interface OwnThresholds {
  readonly names: readonly string[];
  readonly thresholds: Thresholds;
}

/** The last value of each series, one bar each. */
export function bars(options: PanelOptions & { readonly own?: readonly OwnThresholds[] }): PanelBuilder {
  const panel = dress(new BarsBuilder(), { height: heights.chart, ...options })
    .displayMode(BarGaugeDisplayMode.Basic)
    .orientation(VizOrientation.Horizontal)
    .reduceOptions(lastValue())
    .min(0)
    .targets(queriesOf(options).map(nowQuery));
  for (const { names, thresholds } of options.own ?? []) {
    const value = { mode: ThresholdsMode.Absolute, steps: stepsOf(thresholds) };
    panel.overrideByRegexp(`/^(${[...names].sort().join('|')})$/`, [{ id: 'thresholds', value }]);
  }
  return panel;
}

/** The last values as a table: a row for each set of labels, a column for each label, and each query's value. */
export function table(options: PanelOptions & { readonly hide?: readonly string[] }): PanelBuilder {
  const queries = queriesOf(options);
  const columns = queries.map((query, index) => [`Value #${refIdOf(index)}`, query.legend] as const);
  const renamed = queries.length === 1 ? [['Value', queries[0]?.legend ?? 'Value'] as const] : columns;
  return dress(new TableBuilder(), { height: heights.chart, ...options })
    .targets([
      ...queries.map((query, index) => nowQuery(query, index).format(PromQueryFormat.Table)),
      ...(options.targets ?? []),
    ])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: Object.fromEntries(['Time', ...(options.hide ?? [])].map((name) => [name, true])),
        renameByName: Object.fromEntries(renamed),
      },
    });
}

interface Dressed extends Builder<Panel> {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: DataSourceRef): this;
  unit(unit: string): this;
  span(width: number): this;
  height(height: number): this;
  decimals(decimals: number): this;
  max(max: number): this;
  thresholds(thresholds: Builder<{ mode: ThresholdsMode; steps: Threshold[] }>): this;
  dataLinks(links: Builder<DashboardLink>[]): this;
}

/** What every kind of panel has. */
function dress<B extends Dressed>(panel: B, options: PanelOptions & { readonly height: number }): B {
  panel
    .title(options.title)
    .description(options.description)
    .datasource(options.source ?? prometheusSource)
    .unit(options.unit)
    .span(options.width)
    .height(options.height)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(stepsOf(options.thresholds ?? [])));
  if (options.decimals !== undefined) panel.decimals(options.decimals);
  if (options.max !== undefined) panel.max(options.max);
  if (options.link !== undefined) panel.dataLinks([new DashboardLinkBuilder(options.link.title).url(options.link.url)]);
  return panel;
}

function queriesOf({ queries = [] }: PanelOptions): readonly Query[] {
  return queries;
}

function lastValue(): ReduceDataOptionsBuilder {
  return new ReduceDataOptionsBuilder().calcs(['lastNotNull']);
}

function stepsOf(thresholds: Thresholds): Threshold[] {
  const base: Threshold = { value: null, color: thresholds[0]?.[1] === 'green' ? 'red' : 'green' };
  return [base, ...thresholds.map(([value, color]) => ({ value, color }))];
}

function rangeQuery(query: Query, index: number): DataqueryBuilder {
  return queryOf(query, index).range();
}

function nowQuery(query: Query, index: number): DataqueryBuilder {
  return queryOf(query, index).instant();
}

function queryOf({ expr, legend }: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder().datasource(prometheusSource).refId(refIdOf(index)).expr(expr).legendFormat(legend);
}

/** `A`, `B` …: no panel asks for more than a few. */
function refIdOf(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}
