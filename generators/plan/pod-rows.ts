import { clusterText } from './cell.ts';
import type { Cause, Plan } from './plan.ts';

/** What happens to the pods of a workload, in every cluster where it is the same. */
export interface PodRow {
  readonly identity: string;
  readonly what: string;
  /** Whether pods are replaced for certain. */
  readonly isRestart: boolean;
  /** Fields of the pod template, or the ConfigMap. */
  readonly through: readonly string[];
  readonly causes: readonly Cause[];
  readonly places: readonly string[];
}

/** Restarts, then reloads; a workload of six clusters is one row. */
export function podRowsOf({ environments }: Pick<Plan, 'environments'>): PodRow[] {
  const clusters = environments.flatMap((plan) => plan.clusters);
  const restarts = clusters
    .flatMap((cluster) => cluster.restarts)
    .map((restart) => ({
      identity: restart.identity,
      what: restart.how === 'certain' ? 'restarts' : 'may restart: its operator decides',
      isRestart: restart.how === 'certain',
      through: restart.fields,
      causes: restart.causes,
      place: clusterText(restart),
    }));
  const reloads = clusters
    .flatMap((cluster) => cluster.reloads)
    .map((reload) => ({
      identity: reload.identity,
      what: reload.how === 'reloads' ? 'reloads without a restart' : 'does not see it until its pods are replaced',
      isRestart: false,
      through: [`ConfigMap ${reload.configMap}`],
      causes: [],
      place: clusterText(reload),
    }));
  const rows = Map.groupBy([...restarts, ...reloads], ({ place: _, ...row }) => JSON.stringify(row));
  return [...rows.values()].flatMap((its) => {
    const [first] = its;
    if (first === undefined) return [];
    const { place: _, ...row } = first;
    return [{ ...row, places: [...new Set(its.map(({ place }) => place))] }];
  });
}
