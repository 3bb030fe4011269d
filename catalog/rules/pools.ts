import { type Amounts, balancePool, type Scale, sum } from '../capacity.ts';
import { costOfPool } from '../cost.ts';
import { suggest } from '../nearest.ts';
import { at, clashes, placeName, type Rule } from '../rule.ts';
import type { Catalog } from '../schema/catalog.ts';
import type { Machine } from '../schema/machine.ts';
import type { Pool } from '../schema/pool.ts';
import { inShards } from '../shards.ts';
import type { CatalogView } from '../view.ts';
import type { Path } from '../yaml.ts';

export const poolRules: readonly Rule[] = [
  {
    code: 'CAT070',
    rule: 'a pool with a provider says where it is and on what; one without says neither',
    why: 'half a decision can neither be deployed nor be told from a forgotten line',
    *check(view) {
      for (const entry of view.of('pool')) {
        const { id, provider, regions, cluster, nodeGroups } = entry.value;
        if (provider === 'undecided') {
          const fix = 'name the provider, or leave this out until it is known';
          if (regions.length > 0) yield at(entry, ['regions'], `pool "${id}" has regions but no provider`, fix);
          if (cluster !== undefined) yield at(entry, ['cluster'], `pool "${id}" has a cluster but no provider`, fix);
          for (const [index, { machine }] of nodeGroups.entries()) {
            if (machine === undefined) continue;
            yield at(entry, ['nodeGroups', index, 'machine'], `pool "${id}" has machines but no provider`, fix);
          }
          continue;
        }
        if (regions.length === 0) yield at(entry, ['regions'], `pool "${id}" is in no region`, 'name one');
        for (const [index, group] of nodeGroups.entries()) {
          if (group.machine !== undefined) continue;
          const message = `node group "${group.id}" has no machine`;
          yield at(entry, ['nodeGroups', index, 'id'], message, `add "machine:" with a type of ${provider}`);
        }
        if (cluster === undefined && nodeGroups.some(({ kind }) => kind === 'kubernetes')) {
          yield at(entry, ['id'], `pool "${id}" has Kubernetes nodes but no cluster`, 'add "cluster:" with its name');
        }
      }
    },
  },
  {
    code: 'CAT071',
    rule: "what a pool rents is on its provider's price list",
    why: 'neither its size nor its cost would be known',
    *check(view) {
      for (const entry of view.of('pool')) {
        const { provider } = entry.value;
        if (provider === 'undecided') continue;
        for (const { path, type, kind } of rentedBy(entry.value)) {
          const found = view.find('machine', `${provider}/${type}`)?.value;
          if (found?.kind === kind || (found === undefined && view.isKnown('machine', provider))) continue;
          const known = machinesOf(view).filter((machine) => machine.provider === provider && machine.kind === kind);
          const message = `${provider} has no ${kind} "${type}"`;
          yield at(
            entry,
            path,
            message,
            suggest(
              type,
              known.map((machine) => machine.type),
            ),
          );
        }
      }
    },
  },
  {
    code: 'CAT072',
    rule: 'the least is not above the most',
    why: 'an autoscaler refuses such a range',
    *check(view) {
      for (const entry of view.of('pool')) {
        for (const [index, { id, min, max }] of entry.value.nodeGroups.entries()) {
          if (min <= max) continue;
          const message = `node group "${id}" has min ${min} above max ${max}`;
          yield at(entry, ['nodeGroups', index, 'min'], message, 'lower min or raise max');
        }
      }
      for (const entry of view.of('service')) {
        const { min, max } = entry.value.scaling;
        if (min <= max) continue;
        yield at(entry, ['scaling', 'min'], `min ${min} replicas is above max ${max}`, 'lower min or raise max');
      }
    },
  },
  {
    code: 'CAT073',
    rule: "a pool's machines hold what runs in it, at rest and at full scale",
    why: 'pods would wait for room that never comes',
    *check(view) {
      const networks = view.of('network').map(({ value }) => value);
      const pairs = view.of('pair').map(({ value }) => value);
      const services = view.of('service').map(({ value }) => inShards(value, { networks, pairs }));
      const components = view.of('component').map(({ value }) => value);
      for (const entry of view.of('pool')) {
        if (!isMeasurable(view, entry.value)) continue;
        for (const message of overloads(entry.value, { services, machines: machinesOf(view), components })) {
          const fix = 'add nodes, take a larger machine, or ask for less';
          yield at(entry, ['nodeGroups'], message, fix);
        }
      }
    },
  },
  {
    code: 'CAT074',
    rule: 'a pool at rest costs no more than its budget',
    why: 'the bill is a decision, not a surprise',
    *check(view) {
      for (const entry of view.of('pool')) {
        const { id, budget, provider } = entry.value;
        if (budget === undefined || provider === 'undecided') continue;
        const { lines, known, unpriced } = costOfPool(entry.value, machinesOf(view));
        const total = known[budget.currency] ?? 0;
        if (total <= budget.monthly) continue;
        const parts = lines.flatMap(({ what, monthly }) =>
          monthly === undefined ? [] : [`${what} ${money(monthly)}`],
        );
        const more = unpriced.length === 0 ? '' : `, without the price of ${unpriced.join(', ')}`;
        const message = `pool "${id}" costs ${money(total)} ${budget.currency} a month (${parts.join(' + ')}${more}), its budget is ${money(budget.monthly)}`;
        yield at(entry, ['budget', 'monthly'], message, 'raise the budget, or rent less');
      }
    },
  },
  {
    code: 'CAT075',
    rule: 'a budget is in the currency of the bill',
    why: 'the two could not be compared; exchange rates are not kept here',
    *check(view) {
      for (const entry of view.of('pool')) {
        const { budget } = entry.value;
        if (budget === undefined) continue;
        const billed = Object.keys(costOfPool(entry.value, machinesOf(view), 'full').known);
        const other = billed.find((currency) => currency !== budget.currency);
        if (other === undefined) continue;
        const message = `the budget is in ${budget.currency}, the prices of ${entry.value.provider} are in ${other}`;
        yield at(entry, ['budget', 'currency'], message, `write the budget in ${other}`);
      }
    },
  },
  {
    code: 'CAT076',
    rule: 'a workload runs on a node group of its pool',
    why: 'it would run nowhere',
    *check(view) {
      for (const entry of view.of('pool')) {
        const groups = entry.value.nodeGroups.map(({ id }) => id);
        for (const [index, { nodeGroup }] of (entry.value.workloads ?? []).entries()) {
          if (groups.includes(nodeGroup)) continue;
          const path = ['workloads', index, 'nodeGroup'];
          yield at(entry, path, `unknown node group "${nodeGroup}"`, suggest(nodeGroup, groups));
        }
      }
    },
  },
  {
    code: 'CAT077',
    rule: 'within a pool, each node group, workload and kind of store stands once',
    why: 'a service that needs a store could not tell which; two objects would share a name',
    *check(view) {
      for (const entry of view.of('pool')) {
        const { nodeGroups, stores, workloads = [] } = entry.value;
        const names: [Path, string, string][] = [
          ...nodeGroups.map(({ id }, index): [Path, string, string] => [['nodeGroups', index, 'id'], 'node group', id]),
          ...stores.map(({ kind }, index): [Path, string, string] => [['stores', index, 'kind'], 'store', kind]),
          ...workloads.map(({ id }, index): [Path, string, string] => [['workloads', index, 'id'], 'workload', id]),
        ];
        const seen = new Set<string>();
        for (const [path, what, name] of names) {
          if (seen.has(`${what} ${name}`))
            yield at(entry, path, `${what} "${name}" stands twice`, 'keep one of the two');
          seen.add(`${what} ${name}`);
        }
      }
    },
  },
  {
    code: 'CAT078',
    rule: 'a cluster and a domain belong to one pool',
    why: 'two pools would be rendered into one cluster, or answer for one name',
    *check(view) {
      for (const key of ['cluster', 'domain'] as const) {
        for (const { first, second } of clashes(view.of('pool'), ({ value }) => value[key])) {
          const message = `${key} "${second.value[key]}" is already that of pool "${first.id}" (${placeName(first, [key])})`;
          yield at(second, [key], message, 'give it one of its own');
        }
      }
    },
  },
];

/**
 * One sentence for each resource that a pool's machines do not have, with the whole sum; none if all fits. Services are
 * given at the size of all their shards.
 */
export function overloads(pool: Pool, catalog: Pick<Catalog, 'services' | 'machines' | 'components'>): string[] {
  const scales: [Scale, string][] = [
    ['rest', 'at rest'],
    ['full', 'at full scale'],
  ];
  return scales.flatMap(([scale, when]) =>
    balancePool(pool, catalog, scale).flatMap(({ asked, given }) => {
      const [need, have] = [sum(asked), sum(given)];
      return resources
        .filter(({ key }) => need[key] > have[key])
        .map(({ key, unit, show }) => {
          const parts = asked.filter((share) => share[key] > 0).map((share) => `${share.what} ${show(share[key])}`);
          const from = given.map((share) => share.what).join(' + ') || 'no machines';
          return `pool "${pool.id}" needs ${show(need[key])} ${unit} ${when} (${parts.join(' + ')}), ${from} give ${show(have[key])}`;
        });
    }),
  );
}

const trim = (value: number): string => String(Math.round(value * 100) / 100);
const resources: { key: keyof Amounts; unit: string; show: (value: number) => string }[] = [
  { key: 'cpuMillis', unit: 'CPU', show: (value) => trim(value / 1000) },
  { key: 'memoryMiB', unit: 'GiB of memory', show: (value) => trim(value / 1024) },
  { key: 'diskGB', unit: 'GB of disk', show: trim },
];

function money(amount: number): string {
  return amount.toFixed(2).replace(/\.00$/, '');
}

function machinesOf(view: CatalogView): Machine[] {
  return view.of('machine').map(({ value }) => value);
}

/** False while a machine is missing or unknown: that is a problem of its own, and sums without it say nothing. */
function isMeasurable(view: CatalogView, pool: Pool): boolean {
  if (pool.provider === 'undecided') return false;
  return pool.nodeGroups.every(
    ({ machine }) => machine !== undefined && view.find('machine', `${pool.provider}/${machine}`) !== undefined,
  );
}

function rentedBy(pool: Pool): { path: Path; type: string; kind: Machine['kind'] }[] {
  const rented: { path: Path; type: string | undefined; kind: Machine['kind'] }[] = [
    ...pool.nodeGroups.flatMap(({ machine, volume }, index) => [
      { path: ['nodeGroups', index, 'machine'], type: machine, kind: 'server' as const },
      { path: ['nodeGroups', index, 'volume', 'type'], type: volume?.type, kind: 'disk' as const },
    ]),
    ...pool.stores.flatMap(({ machine, disk }, index) => [
      { path: ['stores', index, 'machine'], type: machine, kind: 'database' as const },
      { path: ['stores', index, 'disk'], type: disk, kind: 'disk' as const },
    ]),
    ...(pool.workloads ?? []).map(({ disk }, index) => ({
      path: ['workloads', index, 'disk'],
      type: disk,
      kind: 'disk' as const,
    })),
    ...(pool.extras ?? []).map(({ type }, index) => ({
      path: ['extras', index, 'type'],
      type,
      kind: 'extra' as const,
    })),
  ];
  return rented.flatMap(({ path, type, kind }) => (type === undefined ? [] : [{ path, type, kind }]));
}
