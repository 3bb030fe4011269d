import { costOfPool, type PoolCost } from '../../catalog/cost.ts';
import { suggest } from '../../catalog/nearest.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Pool } from '../../catalog/schema/pool.ts';
import { lockPathOf } from '../promotion/environment-files.ts';
import { type Output, paint } from '../terminal.ts';
import { generate, parseOptions, printProblems, runSafely, UsageError } from './command.ts';
import { addMoney, createSizedReader, formatMoney } from './money.ts';
import type { Money } from './plan.ts';
import { treeOf } from './repository.ts';
import { count } from './summary.ts';
import { alignTable, code, markdownHeader, markdownRow } from './tables.ts';
import { environmentsOf, type Tree } from './tree.ts';

const help = `What each pool costs a month at rest: today's list price, line by line, beside the price that the brief planned.

  npm run catalog -- cost                             every pool in every environment, and the sums
  npm run catalog -- cost market                      one pool
  npm run catalog -- cost --environment production    in one environment
  npm run catalog -- cost --format markdown           text, markdown or json

An environment counts by its own lock and its own sizes. Sums of lines without a known price are lower bounds.
`;

/** One pool, in the environments where it costs the same. */
interface PoolTable {
  readonly pool: string;
  readonly provider: string;
  readonly environments: readonly string[];
  readonly rest: PoolCost;
  /** Sum at full scale. */
  readonly full: Money;
  readonly budget: Money | undefined;
}

/** Runs `npm run catalog -- cost` in the project at `root`. */
export function runCost(root: string, argv: readonly string[], out: Output, err: Output): number {
  return runSafely('cost', err, () => {
    const { values, positionals } = parseOptions(
      argv,
      { environment: { type: 'string' }, format: { type: 'string' } },
      true,
    );
    if (values.help === true) {
      out.write(help);
      return 0;
    }
    const [wanted, extra] = positionals;
    if (extra !== undefined) throw new UsageError(`"${extra}" is one argument too many`);
    const format = formatOf(values.format, ['text', 'markdown', 'json']);
    const { generation, problems } = generate(root);
    if (generation === undefined) return printProblems(problems, err);
    const tree = treeOf(root, generation);
    const environments = environmentsIn(tree, values.environment);
    const tables = costTables(tree, environments, wanted);
    if (format === 'json') out.write(`${JSON.stringify(modelOf(tables, environments), undefined, 2)}\n`);
    else
      out.write(format === 'markdown' ? renderMarkdown(tables, environments) : renderText(tables, environments, out));
    return 0;
  });
}

/** One of a command's formats; the first is the default. */
export function formatOf<F extends string>(given: unknown, formats: readonly F[]): F {
  const [first] = formats;
  const found = given === undefined ? first : formats.find((format) => format === given);
  if (found === undefined) throw new UsageError(`there is no format "${given}": ${suggest(String(given), formats)}`);
  return found;
}

/** Those that render from a catalog: the local one costs nothing. */
function environmentsIn(tree: Tree, wanted: unknown): string[] {
  const names = environmentsOf(tree).filter((name) => tree.has(lockPathOf(name)));
  if (wanted === undefined) return names;
  if (!names.includes(String(wanted))) {
    throw new UsageError(`there is no environment "${wanted}" with clusters: ${suggest(String(wanted), names)}`);
  }
  return [String(wanted)];
}

function costTables(tree: Tree, environments: readonly string[], wanted: string | undefined): PoolTable[] {
  const read = createSizedReader();
  const found = environments.flatMap((environment) => {
    const pools = read(tree, environment)?.pools ?? [];
    return pools.flatMap(({ id }) => {
      const catalog = read(tree, environment, id);
      const pool = catalog?.pools.find((candidate) => candidate.id === id);
      return catalog === undefined || pool === undefined ? [] : [{ environment, pool, catalog }];
    });
  });
  const ids = [...new Set(found.map(({ pool }) => pool.id))].sort();
  if (wanted !== undefined && !ids.includes(wanted)) {
    throw new UsageError(`there is no pool "${wanted}": ${suggest(wanted, ids)}`);
  }
  const shown = found.filter(({ pool }) => wanted === undefined || pool.id === wanted);
  const groups = Map.groupBy(shown, ({ pool, catalog }) =>
    JSON.stringify([pool.id, costOfPool(pool, catalog.machines)]),
  );
  return [...groups.values()]
    .flatMap((group) => {
      const [first] = group;
      return first === undefined
        ? []
        : [
            tableOf(
              first.pool,
              first.catalog,
              group.map(({ environment }) => environment),
            ),
          ];
    })
    .sort((a, b) => (a.pool < b.pool ? -1 : a.pool > b.pool ? 1 : 0));
}

function tableOf(pool: Pool, { machines }: Catalog, environments: readonly string[]): PoolTable {
  return {
    pool: pool.id,
    provider: pool.provider,
    environments,
    rest: costOfPool(pool, machines),
    full: costOfPool(pool, machines, 'full').known,
    budget: pool.budget === undefined ? undefined : { [pool.budget.currency]: pool.budget.monthly },
  };
}

const titles = ['line', 'region', 'list price today', 'planned by the brief', 'difference'];

/** The lines of a pool, and their sum. */
function rowsOf({ rest }: PoolTable): string[][] {
  const rows = rest.lines.map(({ what, region, monthly, currency, planned }) => [
    what,
    region,
    monthly === undefined || currency === undefined ? 'no price known' : formatMoney({ [currency]: monthly }),
    planned === undefined || currency === undefined ? '' : formatMoney({ [currency]: planned }),
    monthly === undefined || planned === undefined || currency === undefined
      ? ''
      : formatMoney({ [currency]: monthly - planned }, true),
  ]);
  const { planned, difference } = plannedOf(rest);
  const sum = [
    'sum',
    '',
    formatMoney(rest.known),
    rest.planned === 0 ? '' : formatMoney(planned),
    rest.planned === 0 ? '' : formatMoney(difference, true),
  ];
  return [...rows, sum];
}

/** The brief's sum, and how far the list prices of its lines are from it. */
function plannedOf({ lines }: PoolCost): { planned: Money; difference: Money } {
  const both = lines.flatMap(({ monthly, planned, currency }) =>
    monthly === undefined || planned === undefined || currency === undefined ? [] : [{ monthly, planned, currency }],
  );
  return {
    planned: both.reduce<Money>((sum, { planned, currency }) => addMoney(sum, { [currency]: planned }), {}),
    difference: both.reduce<Money>(
      (sum, { monthly, planned, currency }) => addMoney(sum, { [currency]: monthly - planned }),
      {},
    ),
  };
}

function notesOf({ rest, full, budget, provider }: PoolTable): string[] {
  if (provider === 'undecided') return ['No cost yet: the provider is undecided.'];
  const unpriced = rest.lines.filter(({ monthly }) => monthly === undefined).map(({ what }) => what);
  return [
    ...(unpriced.length === 0
      ? []
      : [
          `The sum is a lower bound: ${count(unpriced.length, 'line')} without a known price (${[...new Set(unpriced)].join(', ')}).`,
        ]),
    `At full scale ${formatMoney(full)}${budget === undefined ? '' : `; the budget is ${formatMoney(budget)}`}.`,
  ];
}

/** What each environment's pools cost together. */
function totalsOf(tables: readonly PoolTable[], environment: string) {
  const own = tables.filter(({ environments }) => environments.includes(environment));
  return {
    known: own.reduce<Money>((sum, { rest }) => addMoney(sum, rest.known), {}),
    unpriced: own.reduce((sum, { rest }) => sum + rest.unpriced.length, 0),
  };
}

function totalRows(tables: readonly PoolTable[], environments: readonly string[]): string[][] {
  return environments.map((environment) => {
    const { known, unpriced } = totalsOf(tables, environment);
    return [environment, formatMoney(known), unpriced === 0 ? '' : `${count(unpriced, 'line')} without a price`];
  });
}

const totalTitles = ['environment', 'a month at rest', ''];

function renderText(tables: readonly PoolTable[], environments: readonly string[], out: Output): string {
  const blocks = tables.map((table) =>
    [
      paint(out, 'bold', `${table.pool} in ${table.environments.join(', ')} (${table.provider})`),
      ...(table.rest.lines.length === 0 ? [] : alignTable(titles, rowsOf(table))),
      ...notesOf(table),
    ].join('\n'),
  );
  const totals = alignTable(totalTitles, totalRows(tables, environments)).join('\n');
  return `${[...blocks, totals].join('\n\n')}\n`;
}

function renderMarkdown(tables: readonly PoolTable[], environments: readonly string[]): string {
  const blocks = tables.flatMap((table) => [
    `### ${table.pool} in ${table.environments.join(', ')} (${table.provider})`,
    '',
    ...(table.rest.lines.length === 0
      ? []
      : [
          ...markdownHeader(titles),
          ...rowsOf(table).map(([what = '', ...rest]) =>
            markdownRow([what === 'sum' ? '**sum**' : code(what), ...rest]),
          ),
          '',
        ]),
    ...notesOf(table),
    '',
  ]);
  const totals = [...markdownHeader(totalTitles), ...totalRows(tables, environments).map(markdownRow)];
  return `${['## Cost per month', '', ...blocks, ...totals].join('\n')}\n`;
}

/** Version 1 of the JSON form. */
function modelOf(tables: readonly PoolTable[], environments: readonly string[]) {
  const pools = tables.map(({ pool, provider, environments: its, rest, full, budget }) => ({
    pool,
    provider,
    environments: its,
    ...rest,
    difference: plannedOf(rest).difference,
    full,
    budget,
  }));
  const totals = environments.map((environment) => ({ environment, ...totalsOf(tables, environment) }));
  return { version: 1, pools, totals };
}
