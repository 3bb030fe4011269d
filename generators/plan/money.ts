import { costOfPool } from '../../catalog/cost.ts';
import { parseEnvironment, withEnvironment } from '../../catalog/environment.ts';
import { kinds } from '../../catalog/kinds.ts';
import { type Catalog, LockedCatalog } from '../../catalog/schema/catalog.ts';
import { checkSchema } from '../../catalog/validate.ts';
import { lockPathOf, settingsPathOf } from '../promotion/environment-files.ts';
import { catalogOf } from './edits.ts';
import { lockPathsOf } from './inputs.ts';
import type { CostChange, EnvironmentPlan, Money } from './plan.ts';
import type { Tree } from './tree.ts';

/** Reads the catalog that an environment's pool renders from, at the environment's sizes. */
export type ReadSized = (tree: Tree, environment: string, pool?: string) => Catalog | undefined;

/** Locks are large, and the same for all that follow the head: each text is read once. */
export function createSizedReader(): ReadSized {
  const locks = new Map<string, Catalog | undefined>();
  const sized = new Map<string, Catalog | undefined>();
  return (tree, environment, pool) => {
    const file = settingsPathOf(environment);
    const lock = tree.get(lockPathOf(environment, pool)) ?? tree.get(lockPathOf(environment));
    const settings = tree.get(file);
    if (lock === undefined || settings === undefined) return undefined;
    if (!locks.has(lock)) locks.set(lock, findLocked(lock));
    const catalog = locks.get(lock);
    if (catalog === undefined) return undefined;
    const key = `${settings}\0${lock}`;
    if (!sized.has(key)) {
      const read = parseEnvironment(file, settings, catalog);
      sized.set(key, read.environment === undefined ? undefined : withEnvironment(catalog, read.environment));
    }
    return sized.get(key);
  };
}

/**
 * What every pool costs a month, before and after; nothing where neither locks nor settings changed, since the cost has
 * not then either.
 */
export function costPlanOf(
  before: Tree,
  after: Tree,
  environments: readonly string[],
): Map<string, Pick<EnvironmentPlan, 'costs' | 'costUnknown'>> {
  const read = createSizedReader();
  return new Map(environments.map((name) => [name, costsIn(before, after, name, read)]));
}

function costsIn(before: Tree, after: Tree, environment: string, read: ReadSized) {
  const files = [...lockPathsOf(environment, before, after), settingsPathOf(environment)];
  if (files.every((path) => before.get(path) === after.get(path))) return { costs: [] };
  const [old, fresh] = [read(before, environment), read(after, environment)];
  const has = (tree: Tree) => tree.has(lockPathOf(environment));
  if (old === undefined && has(before)) return { costs: [], costUnknown: 'before' as const };
  if (fresh === undefined && has(after)) return { costs: [], costUnknown: 'after' as const };
  const pools = new Set([old, fresh].flatMap((catalog) => catalog?.pools.map(({ id }) => id) ?? []));
  return {
    costs: [...pools].sort().map((pool): CostChange => {
      const [a, b] = [costIn(read(before, environment, pool), pool), costIn(read(after, environment, pool), pool)];
      return { pool, before: a?.known, after: b?.known, unpriced: b?.unpriced.length ?? 0 };
    }),
  };
}

/**
 * The catalog of a lock, or undefined if it does not fit today's schema. A lock from before a kind of entry was known
 * has none of that kind; that nobody edited it is checked where it is rendered from.
 */
export function findLocked(text: string): Catalog | undefined {
  const locked = catalogOf(text);
  if (locked === undefined) return undefined;
  const catalog = { ...Object.fromEntries(kinds.map(({ key }) => [key, []])), ...locked };
  // The schema has just been checked.
  return checkSchema(LockedCatalog, catalog).length > 0 ? undefined : (catalog as unknown as Catalog);
}

function costIn(catalog: Catalog | undefined, id: string) {
  const pool = catalog?.pools.find((candidate) => candidate.id === id);
  return pool === undefined || catalog === undefined ? undefined : costOfPool(pool, catalog.machines);
}

export function addMoney(a: Money, b: Money, sign = 1): Money {
  const sum: Money = { ...a };
  for (const [currency, amount] of moneyEntries(b)) sum[currency] = (sum[currency] ?? 0) + sign * amount;
  return sum;
}

/** USD and EUR apart: nobody here knows a rate of exchange. */
function moneyEntries(money: Money): [currency: keyof Money, amount: number][] {
  return (['USD', 'EUR'] as const).flatMap((currency) => {
    const amount = money[currency];
    return amount === undefined ? [] : [[currency, amount]];
  });
}

/** `24.00 USD and 203.50 EUR`; `signed`: `+24.00 USD`. */
export function formatMoney(money: Money, signed = false): string {
  const isZero = ([, amount]: [string, number]) => Math.round(amount * 100) === 0;
  const all = moneyEntries(money);
  // A currency that stays as it is says nothing beside one that changes.
  const told =
    signed && !all.every(isZero)
      ? all.filter((entry) => !isZero(entry))
      : all.slice(0, all.every(isZero) ? 1 : undefined);
  const parts = told.map(([currency, amount]) => {
    const rounded = Math.round(amount * 100) / 100;
    const text = Number.isInteger(rounded) ? String(Math.abs(rounded)) : Math.abs(rounded).toFixed(2);
    return `${rounded < 0 ? '−' : signed ? '+' : ''}${text} ${currency}`;
  });
  return parts.length === 0 ? '0' : parts.join(' and ');
}

/** The difference of what is known on both sides; a side that is not there counts nothing. */
export function differenceOf(costs: readonly CostChange[]): Money {
  return costs.reduce<Money>((sum, { before, after }) => addMoney(addMoney(sum, after ?? {}), before ?? {}, -1), {});
}
