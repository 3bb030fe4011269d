import { type Amounts, type Balance, balancePool, type Scale, sum } from '../../catalog/capacity.ts';
import { costOfPool, type PoolCost } from '../../catalog/cost.ts';
import { compareCodePoints } from '../../catalog/kinds.ts';
import { parseCpuMillis, parseMiB } from '../../catalog/quantities.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { NodeGroup, Pool } from '../../catalog/schema/pool.ts';
import { inShards } from '../../catalog/shards.ts';
import { amountNames, type PoolsAnswer } from '../contracts/admin-answers.ts';

type PoolAnswer = PoolsAnswer['pools'][number];
type BalanceAnswer = PoolAnswer['capacity'][number]['rest'];

/** Of what this share or more is asked for, a pool is full: the next service hardly fits. */
const fullShare = 0.9;

/** What each pool of a catalog gives, is asked for and costs, by id. */
export function poolsOf(catalog: Catalog): PoolAnswer[] {
  const services = catalog.services.map((service) => inShards(service, catalog));
  return [...catalog.pools]
    .sort((a, b) => compareCodePoints(a.id, b.id))
    .map((pool) => poolOf(pool, { ...catalog, services }));
}

/** As costOfPool, in the words of the answers. */
export function monthlyCostOf({ known, unpriced, planned }: PoolCost) {
  return { known: { ...known }, unpriced: [...unpriced], planned };
}

function poolOf(pool: Pool, catalog: Catalog): PoolAnswer {
  const { id, name, purpose, owner, provider, regions, kubernetesVersion = null, budget = null } = pool;
  const rest = costOfPool(pool, catalog.machines, 'rest');
  return {
    ...{ id, name, purpose, owner, provider, regions: [...regions], kubernetesVersion },
    machines: pool.nodeGroups.map((group) => machineOf(pool, group, catalog)),
    capacity: capacityOf(pool, catalog),
    stores: pool.stores.map(({ kind, engine, managed, replicas = 1 }) => ({ kind, engine, managed, replicas })),
    cost: {
      rest: monthlyCostOf(rest),
      full: monthlyCostOf(costOfPool(pool, catalog.machines, 'full')),
      budget,
      share: budget === null ? null : (rest.known[budget.currency] ?? 0) / budget.monthly,
    },
    services: catalog.services
      .filter((service) => service.pool === id)
      .map(({ scaling, resources, ...service }) => ({
        id: service.id,
        name: service.name,
        released: service.released,
        min: scaling.min,
        max: scaling.max,
        cpuMillis: parseCpuMillis(resources.requests.cpu),
        memoryMiB: parseMiB(resources.requests.memory),
      })),
  };
}

function machineOf(
  { provider }: Pool,
  { id, kind, machine, min, max, volume }: NodeGroup,
  { machines }: Catalog,
): PoolAnswer['machines'][number] {
  const server = machines.find((one) => one.provider === provider && one.type === machine);
  const size =
    server?.kind === 'server'
      ? { vcpu: server.vcpu, memoryGiB: server.memoryGiB, diskGB: server.diskGB + (volume?.sizeGB ?? 0) }
      : { vcpu: null, memoryGiB: null, diskGB: null };
  return { nodeGroup: id, kind, machine: machine ?? null, min, max, ...size };
}

function capacityOf(pool: Pool, catalog: Catalog): PoolAnswer['capacity'] {
  const scaled = (scale: Scale) => balancePool(pool, catalog, scale);
  const full = scaled('full');
  return scaled('rest').flatMap((rest, index) => {
    const fullOne = full[index];
    const [first] = rest.nodeGroups;
    // A pool of virtual machines has no cluster.
    if (fullOne === undefined || first === undefined) return [];
    return [
      {
        what: first.kind === 'vm' ? first.id : 'cluster',
        nodeGroups: rest.nodeGroups.map(({ id }) => id),
        rest: balanceOf(rest),
        full: balanceOf(fullOne),
      },
    ];
  });
}

function balanceOf(balance: Balance): BalanceAnswer {
  const [given, asked] = [sum(balance.given), sum(balance.asked)];
  const shareOf = (name: keyof Amounts): number | null => (given[name] === 0 ? null : asked[name] / given[name]);
  const share = { cpuMillis: shareOf('cpuMillis'), memoryMiB: shareOf('memoryMiB'), diskGB: shareOf('diskGB') };
  return {
    given,
    asked,
    share,
    full: amountNames.filter((name) => (share[name] ?? 0) >= fullShare || (given[name] === 0 && asked[name] > 0)),
    by: balance.asked
      .filter((one) => amountNames.some((name) => one[name] > 0))
      .map(({ what, cpuMillis, memoryMiB, diskGB }) => ({ what, cpuMillis, memoryMiB, diskGB }))
      .sort((a, b) => b.memoryMiB - a.memoryMiB),
  };
}
