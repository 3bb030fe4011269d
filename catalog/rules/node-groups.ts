import { suggest } from '../nearest.ts';
import { at, type Finding, type Rule } from '../rule.ts';
import type { Entry } from '../view.ts';

export const nodeGroupRules: readonly Rule[] = [
  {
    code: 'CAT079',
    rule: 'a cluster has a version, and a group of machines can be what its kind says',
    why: 'nobody could make it; a control plane without a majority stops with its first machine, and nobody would start what a group runs',
    *check(view) {
      for (const entry of view.of('pool')) {
        yield* versionFindings(entry);
        yield* controlPlaneFindings(entry);
        yield* runFindings(entry);
      }
    },
  },
];

type PoolEntry = Entry<'pool'>;

function* versionFindings(entry: PoolEntry): Generator<Finding> {
  const { id, provider, cluster, kubernetesVersion } = entry.value;
  if (provider === 'undecided' || cluster === undefined || kubernetesVersion !== undefined) return;
  const message = `pool "${id}" has a cluster of no version`;
  yield at(entry, ['cluster'], message, 'add "kubernetesVersion:", as the provider names it');
}

function* controlPlaneFindings(entry: PoolEntry): Generator<Finding> {
  const { id, provider, nodeGroups, workloads = [] } = entry.value;
  const own = [...nodeGroups.entries()].filter(([, { kind }]) => kind === 'control-plane');
  for (const [place, [index, group]] of own.entries()) {
    const path = ['nodeGroups', index];
    if (provider !== 'hetzner') {
      const message = `${provider} rents control planes: "${group.id}" would run beside it`;
      yield at(entry, [...path, 'kind'], message, 'take the group out');
    }
    if (place > 0) {
      yield at(entry, [...path, 'kind'], `pool "${id}" has a control plane already`, 'keep one of the two');
    }
    if (group.min !== group.max || group.min % 2 === 0) {
      const message = `a control plane of ${group.min} to ${group.max} machines cannot hold a majority`;
      yield at(entry, [...path, 'min'], message, 'write the same odd number for min and max: 1, 3 or 5');
    }
    for (const [workload, { nodeGroup, id: name }] of workloads.entries()) {
      if (nodeGroup !== group.id) continue;
      const message = `"${name}" cannot run on the control plane`;
      yield at(entry, ['workloads', workload, 'nodeGroup'], message, 'name a group of kind kubernetes');
    }
  }
}

function* runFindings(entry: PoolEntry): Generator<Finding> {
  const { nodeGroups, workloads = [] } = entry.value;
  const startable = workloads.filter(({ image }) => image !== undefined).map(({ id }) => id);
  for (const [index, { id, kind, runs = [] }] of nodeGroups.entries()) {
    for (const [place, name] of runs.entries()) {
      const path = ['nodeGroups', index, 'runs', place];
      if (kind !== 'vm') {
        yield at(entry, path, `"${id}" is no group of virtual machines`, 'write nodeGroup at the workload instead');
      } else if (!startable.includes(name)) {
        const message = `no workload "${name}" with an image`;
        yield at(entry, path, message, suggest(name, startable));
      }
    }
  }
}
