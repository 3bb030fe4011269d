import { KubePriorityClass } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { metadataOf } from '../app.ts';
import { priorityClasses } from '../conventions.ts';

/** What stays longest when a node is short: the higher value. Kubernetes' own begin at two thousand million. */
const classes = [
  { name: priorityClasses.store, value: 1_000_000, description: 'Stores: what they lose, nobody can ask again' },
  { name: priorityClasses.critical, value: 900_000, description: 'What serves critical networks, and the gateway' },
  { name: priorityClasses.standard, value: 500_000, description: 'What serves the other networks' },
  { name: priorityClasses.background, value: 100_000, description: 'What may wait: batches and training' },
];

export function renderPriorityClasses(sources: readonly string[]): object[] {
  return classes.map(({ name, value, description }) =>
    KubePriorityClass.manifest({ metadata: metadataOf({ name, wave: 'namespace', sources }), value, description }),
  );
}
