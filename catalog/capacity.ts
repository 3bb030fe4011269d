import { componentsOf } from './components.ts';
import { parseCpuMillis, parseMiB } from './quantities.ts';
import type { Catalog } from './schema/catalog.ts';
import type { ResourceAmounts } from './schema/common.ts';
import type { Machine } from './schema/machine.ts';
import type { NodeGroup, Pool } from './schema/pool.ts';

/** `rest`: fewest replicas on fewest nodes; `full`: most replicas on most nodes. */
export type Scale = 'rest' | 'full';

/** In one region: thousandths of a CPU, MiB of memory, GB of disk. */
export interface Amounts {
  cpuMillis: number;
  memoryMiB: number;
  diskGB: number;
}

interface Share extends Amounts {
  /** `2 × analytics-api`. */
  what: string;
}

/** What asks for room on a set of machines, and what they give. */
export interface Balance {
  /** The cluster's node groups together, or one group of virtual machines. */
  nodeGroups: readonly NodeGroup[];
  asked: Share[];
  given: Share[];
}

/** What kubelet, system and agents keep of each cluster node for themselves; clouds keep about as much. */
const nodeReserve = { cpuMillis: 200, memoryMiB: 1024 };

/**
 * Who asks for how much of a pool, and how much its machines give, in one region. Services, stores that run in the
 * cluster, components and workloads on its node groups share those groups; each group of virtual machines stands alone, with what
 * its machines run by themselves; those of a control plane carry nothing else. Rented stores ask for nothing, and neither does storage that is paid apart (`disk`). A group whose machine is not known
 * gives nothing.
 */
export function balancePool(
  pool: Pool,
  { services, machines, components }: Pick<Catalog, 'services' | 'machines' | 'components'>,
  scale: Scale,
): Balance[] {
  const cluster = pool.nodeGroups.filter(({ kind }) => kind === 'kubernetes');
  const given = (groups: readonly NodeGroup[]) => groups.map((group) => shareOfGroup(pool, group, machines, scale));
  const workloadsOn = (groups: readonly NodeGroup[]): Share[] =>
    (pool.workloads ?? [])
      .filter(({ nodeGroup }) => groups.some(({ id }) => id === nodeGroup))
      .map(({ id, replicas, resources, storageGB, disk }) =>
        shareOf(id, replicas, resources?.requests, disk === undefined ? (storageGB ?? 0) : 0),
      );
  // Every machine of a group runs them, on its own disk.
  const runBy = (group: NodeGroup): Share[] =>
    (pool.workloads ?? [])
      .filter(({ id }) => group.runs?.includes(id))
      .map(({ id, resources, storageGB }) =>
        shareOf(id, scale === 'rest' ? group.min : group.max, resources?.requests, storageGB ?? 0),
      );

  const asked = [
    ...services
      .filter((service) => service.pool === pool.id)
      .map(({ id, scaling, resources, volume }) => {
        const diskGB = volume === undefined ? 0 : Math.ceil((parseMiB(volume) * 1.048576) / 1000);
        return shareOf(id, scale === 'rest' ? scaling.min : scaling.max, resources.requests, diskGB);
      }),
    ...pool.stores
      .filter(({ managed }) => !managed)
      .map(({ engine, replicas, resources, storageGB, disk }) =>
        shareOf(engine, replicas ?? 1, resources?.requests, disk === undefined ? (storageGB ?? 0) : 0),
      ),
    ...workloadsOn(cluster),
    ...platformShares(componentsOf(pool, { services, components }), countOf(cluster, scale)),
  ];
  const balances: Balance[] = [{ nodeGroups: cluster, asked, given: given(cluster) }];
  for (const group of pool.nodeGroups.filter(({ kind }) => kind === 'vm')) {
    balances.push({ nodeGroups: [group], asked: [...workloadsOn([group]), ...runBy(group)], given: given([group]) });
  }
  return balances;
}

export function sum(shares: readonly Amounts[]): Amounts {
  return {
    cpuMillis: shares.reduce((total, { cpuMillis }) => total + cpuMillis, 0),
    memoryMiB: shares.reduce((total, { memoryMiB }) => total + memoryMiB, 0),
    diskGB: shares.reduce((total, { diskGB }) => total + diskGB, 0),
  };
}

/** The components together, and their agents on each node: one by one they are too many and too small to name. */
function platformShares(components: Catalog['components'], nodes: number): Share[] {
  const total = (amounts: readonly (ResourceAmounts | undefined)[]) =>
    sum(amounts.map((requests) => shareOf('', 1, requests, 0)));
  const agents = total(components.map(({ nodeRequests }) => nodeRequests));
  return [
    { what: 'platform', ...total(components.map(({ requests }) => requests)) },
    {
      what: `${nodes} × node agents`,
      cpuMillis: nodes * agents.cpuMillis,
      memoryMiB: nodes * agents.memoryMiB,
      diskGB: 0,
    },
  ];
}

function countOf(groups: readonly NodeGroup[], scale: Scale): number {
  return groups.reduce((total, { min, max }) => total + (scale === 'rest' ? min : max), 0);
}

function shareOf(name: string, count: number, requests: ResourceAmounts | undefined, diskGB: number): Share {
  return {
    what: `${count} × ${name}`,
    cpuMillis: count * (requests === undefined ? 0 : parseCpuMillis(requests.cpu)),
    memoryMiB: count * (requests === undefined ? 0 : parseMiB(requests.memory)),
    diskGB: count * diskGB,
  };
}

function shareOfGroup(pool: Pool, group: NodeGroup, machines: readonly Machine[], scale: Scale): Share {
  const count = scale === 'rest' ? group.min : group.max;
  const server = machines.find(({ provider, type }) => provider === pool.provider && type === group.machine);
  if (server?.kind !== 'server') return { what: `${count} × ${group.id}`, cpuMillis: 0, memoryMiB: 0, diskGB: 0 };
  const reserve = group.kind === 'kubernetes' ? nodeReserve : { cpuMillis: 0, memoryMiB: 0 };
  return {
    what: `${count} × ${server.type}`,
    cpuMillis: count * Math.max(0, server.vcpu * 1000 - reserve.cpuMillis),
    memoryMiB: count * Math.max(0, server.memoryGiB * 1024 - reserve.memoryMiB),
    diskGB: count * (server.diskGB + (group.volume?.sizeGB ?? 0)),
  };
}
