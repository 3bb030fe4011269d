import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Metric } from '../../catalog/metrics.ts';

// One process may run several services, which then share the registry: a metric is made once and found after that.

export function counterOf(registry: Registry, metric: Metric & { type: 'counter' }): Counter {
  const found = registry.getSingleMetric(metric.name);
  if (found instanceof Counter) return found;
  return new Counter({ name: metric.name, help: metric.help, labelNames: [...metric.labels], registers: [registry] });
}

export function gaugeOf(registry: Registry, metric: Metric & { type: 'gauge' }): Gauge {
  const found = registry.getSingleMetric(metric.name);
  if (found instanceof Gauge) return found;
  return new Gauge({ name: metric.name, help: metric.help, labelNames: [...metric.labels], registers: [registry] });
}

/** `buckets` are upper bounds in the metric's unit. */
export function histogramOf(
  registry: Registry,
  metric: Metric & { type: 'histogram' },
  buckets: readonly number[],
): Histogram {
  const found = registry.getSingleMetric(metric.name);
  if (found instanceof Histogram) return found;
  return new Histogram({
    name: metric.name,
    help: metric.help,
    labelNames: [...metric.labels],
    buckets: [...buckets],
    registers: [registry],
  });
}
