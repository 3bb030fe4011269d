import Type, { type TSchema } from 'typebox';
import { activityMetrics } from './metrics/activity.ts';
import { blockMetrics } from './metrics/blocks.ts';
import { catalogMetrics } from './metrics/catalog.ts';
import type { MetricDefinition, ValueOf } from './metrics/definition.ts';
import { feeMetrics } from './metrics/fees.ts';
import { closed } from './schema.ts';

/** Every metric of networks, by its id: the name of its field in answers, of its column in CSV, and what rankings and series take. */
export const metricDefinitions = { ...activityMetrics, ...blockMetrics, ...feeMetrics, ...catalogMetrics } as const;
type Definitions = typeof metricDefinitions;
export type MetricId = keyof Definitions;
export const metricIds = Object.keys(metricDefinitions) as MetricId[];

type IdsFrom<From extends MetricDefinition['from']> = {
  [Id in MetricId]: Definitions[Id]['from'] extends From ? Id : never;
}[MetricId];
export type SumMetricId = IdsFrom<'sums'>;
export type DistributionMetricId = IdsFrom<'distribution'>;

/** What a metric's value is. */
export type MetricValueOf<Id extends MetricId> = ValueOf<Definitions[Id]>;
/** What any metric's value is: wei and gas as decimal digits. */
export type MetricValue = number | string | null;

/** The ids of those that come from one of these. */
export function metricIdsFrom<const From extends MetricDefinition['from']>(...from: readonly From[]): IdsFrom<From>[] {
  return metricIds.filter((id): id is IdsFrom<From> => from.includes(metricDefinitions[id].from as From));
}

/** What answers hold of a metric. */
export function definitionOf(id: MetricId): MetricDefinition {
  return metricDefinitions[id];
}

type FiguresOf<Id extends MetricId> = { -readonly [Each in Id]: MetricValueOf<Each> };

/** An object with these metrics, by their ids. */
export function Figures<const Id extends MetricId>(ids: readonly Id[], description: string) {
  const fields = Object.fromEntries(ids.map((id) => [id, valueSchemaOf(id)]));
  const schema = Type.Object(fields, { ...closed, description });
  return { ...Type.Unsafe<FiguresOf<Id>>(schema), type: 'object' as const };
}

function valueSchemaOf(id: MetricId): TSchema {
  const { title, unit, type, nullWhen } = definitionOf(id);
  const json = type === 'decimal' ? 'string' : type;
  const digits = type === 'decimal' ? { pattern: '^(0|[1-9][0-9]*)$' } : {};
  const description = `${title}, ${unit}${nullWhen === null ? '' : `; null where ${nullWhen}`}`;
  return { type: nullWhen === null ? json : [json, 'null'], ...digits, description };
}
