import type { MetricDefinition } from './definition.ts';

/** What the catalog states of a network. */
export const catalogMetrics = {
  tvlUsd: {
    title: 'Total value locked',
    unit: 'US dollars',
    type: 'integer',
    definition: 'As the catalog states it: not measured, and the same for every window.',
    nullWhen: 'the catalog does not state it, or the entry is another name of a network, which has it',
    from: 'catalog',
    columns: [],
  },
} as const satisfies Record<string, MetricDefinition>;
