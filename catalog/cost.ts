import type { Scale } from './capacity.ts';
import type { Currency } from './schema/common.ts';
import type { Machine, Price } from './schema/machine.ts';
import type { Pool } from './schema/pool.ts';

interface CostLine {
  /** `1 × s-2vcpu-4gb`, in `region`. */
  what: string;
  region: string;
  /** List price a month; undefined where it is not known. */
  monthly: number | undefined;
  currency: Currency | undefined;
  /** The brief's price a month, where it gives one. */
  planned: number | undefined;
}

export interface PoolCost {
  lines: CostLine[];
  /** Sum of what has a price, by currency: a lower bound as long as `unpriced` is not empty. */
  known: Partial<Record<Currency, number>>;
  unpriced: string[];
  /** Sum of the brief's prices. */
  planned: number;
}

/** A month as every provider bills it: 365 × 24 / 12. */
const hoursPerMonth = 730;

/** What a pool costs a month at list prices, in all its regions. A pool without a provider costs nothing yet. */
export function costOfPool(pool: Pool, machines: readonly Machine[], scale: Scale = 'rest'): PoolCost {
  const lines = pool.regions.flatMap((region) => linesOf(pool, machines, region, scale));
  const known: Partial<Record<Currency, number>> = {};
  for (const { monthly, currency } of lines) {
    if (monthly !== undefined && currency !== undefined) known[currency] = (known[currency] ?? 0) + monthly;
  }
  const unpriced = lines
    .filter(({ monthly }) => monthly === undefined)
    .map(({ what, region }) => (pool.regions.length > 1 ? `${what} in ${region}` : what));
  return { lines, known, unpriced, planned: lines.reduce((total, { planned }) => total + (planned ?? 0), 0) };
}

function linesOf(pool: Pool, machines: readonly Machine[], region: string, scale: Scale): CostLine[] {
  const lines: CostLine[] = [];
  const add = (type: string, count: number, planned: number | undefined, sizeGB?: number): void => {
    if (count === 0) return;
    const price = machines.find((machine) => machine.provider === pool.provider && machine.type === type)?.price;
    const monthly = monthlyPrice(price, region, sizeGB);
    lines.push({
      what: sizeGB === undefined ? `${count} × ${type}` : `${count} × ${sizeGB} GB ${type}`,
      region,
      monthly: monthly === undefined ? undefined : count * monthly,
      currency: price?.currency,
      planned: planned === undefined ? undefined : count * planned,
    });
  };
  for (const { machine, min, max, volume, plannedMonthly } of pool.nodeGroups) {
    const count = scale === 'rest' ? min : max;
    if (machine !== undefined) add(machine, count, plannedMonthly);
    if (volume !== undefined) add(volume.type, count, undefined, volume.sizeGB);
  }
  for (const { machine, disk, replicas = 1, storageGB, plannedMonthly } of pool.stores) {
    if (machine !== undefined) add(machine, replicas, plannedMonthly);
    if (disk !== undefined && storageGB !== undefined) add(disk, replicas, undefined, storageGB);
  }
  for (const { disk, replicas, storageGB } of pool.workloads ?? []) {
    if (disk !== undefined && storageGB !== undefined) add(disk, replicas, undefined, storageGB);
  }
  for (const { type, count, plannedMonthly } of pool.extras ?? []) add(type, count, plannedMonthly);
  return lines;
}

function monthlyPrice(price: Price | undefined, region: string, sizeGB: number | undefined): number | undefined {
  if (price === undefined || (price.regions !== undefined && !price.regions.includes(region))) return undefined;
  if (sizeGB !== undefined) return price.perGBMonth === undefined ? undefined : price.perGBMonth * sizeGB;
  const perHour = price.perHour?.[region];
  return perHour === undefined ? price.perMonth : perHour * hoursPerMonth;
}
