import type { Machine } from '../../catalog/schema/machine.ts';
import { type Need, sumOf, targetUtilisation } from './need.ts';

/** What a pool's machines, volumes and rented databases cost a month. */
export interface Bill {
  readonly nodes: number;
  readonly machine: string;
  readonly monthly: number;
  readonly currency: 'EUR' | 'USD';
  /** Of it, disks. */
  readonly disks: number;
}

/** As catalog/capacity.ts: what kubelet, system and agents keep of a node. */
const reserved = { cores: 0.2, memoryGiB: 1 };
/** Memory is not shared as CPU is: what is asked for is taken. */
const memoryShareMax = 0.85;

export interface Tariff {
  readonly provider: Machine['provider'];
  readonly machine: string;
  /** Fewest nodes: a copy of anything is on another one. */
  readonly nodesMin: number;
  readonly disk: string;
  /** Lines that do not grow: type and how many. */
  readonly fixed: readonly (readonly [type: string, count: number])[];
  /** Databases that are rented. */
  readonly databases?: readonly [type: string, count: number];
}

/** Nodes of one type that bear the needs, at list prices of catalog/machines. @throws RangeError for what has no price there */
export function billOf(needs: readonly Need[], machines: readonly Machine[], tariff: Tariff): Bill {
  const priced = (type: string) => {
    const found = machines.find((one) => one.provider === tariff.provider && one.type === type);
    if (found?.price === undefined)
      throw new RangeError(`catalog/machines/${tariff.provider}.yaml has no price of ${type}`);
    return { ...found, price: found.price };
  };
  const monthly = (type: string): number => priced(type).price.perMonth ?? Number.NaN;
  const node = priced(tariff.machine);
  if (node.kind !== 'server') throw new RangeError(`${tariff.machine} is no server`);
  const nodes = Math.max(
    tariff.nodesMin,
    Math.ceil(sumOf(needs, ({ cores }) => cores) / ((node.vcpu - reserved.cores) * targetUtilisation)),
    Math.ceil(sumOf(needs, ({ memoryGiB }) => memoryGiB) / ((node.memoryGiB - reserved.memoryGiB) * memoryShareMax)),
  );
  const disks = sumOf(needs, ({ diskGB }) => diskGB) * (priced(tariff.disk).price.perGBMonth ?? Number.NaN);
  const fixed = sumOf(tariff.fixed, ([type, count]) => count * monthly(type));
  const [database, count] = tariff.databases ?? [undefined, 0];
  const rented = database === undefined ? 0 : count * monthly(database);
  const { currency } = node.price;
  return {
    nodes,
    machine: tariff.machine,
    monthly: nodes * monthly(tariff.machine) + disks + fixed + rented,
    currency,
    disks,
  };
}
