import { type Metric, metrics } from '../../../catalog/metrics.ts';

export type MetricKey = keyof typeof metrics;

/** A series of ours with these matchers: `defimon_head_block{network="base"}`. */
export function series(key: MetricKey, ...matchers: readonly string[]): string {
  return select(metrics[key].name, ...matchers);
}

/** The buckets of a histogram of ours. */
export function buckets(key: MetricKey, ...matchers: readonly string[]): string {
  const { type, name }: Metric = metrics[key];
  if (type !== 'histogram') throw new TypeError(`${name} is a ${type}: only a histogram has buckets`);
  return select(`${name}_bucket`, ...matchers);
}

/** Another program's series with these matchers. */
export function select(name: string, ...matchers: readonly string[]): string {
  return matchers.length === 0 ? name : `${name}{${matchers.join(',')}}`;
}

/** How much a counter grows a second, over a window that fits what is on the screen. */
export function rate(counter: string): string {
  return `rate(${counter}[$__rate_interval])`;
}

/** The greatest by label: for a while after a pod is replaced, two of them tell of one thing. */
export function maxBy(label: string, expression: string): string {
  return `max by (${label}) (${expression})`;
}

export function sumBy(labels: string, expression: string): string {
  return `sum by (${labels}) (${expression})`;
}

/** The value under which this share of what a histogram counted stays. */
export function quantile(share: number, labels: string, counted: string): string {
  return `histogram_quantile(${share}, sum by (${['le', labels].filter((label) => label !== '').join(', ')}) (${rate(counted)}))`;
}

/** A matcher of these values and no other: none of our ids has a character that a pattern would read. */
export function among(label: string, values: readonly string[]): string {
  return `${label}=~"${[...values].sort().join('|')}"`;
}

/** 0 where there is nothing to count. */
export function orZero(expression: string): string {
  return `${expression} or vector(0)`;
}
