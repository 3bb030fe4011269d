import { stringify } from 'yaml';
import { costOfPool } from '../cost.ts';
import { getId, type Kind, kinds } from '../kinds.ts';
import { type Catalog, readCatalog } from '../load.ts';
import { suggest } from '../nearest.ts';
import type { Pool } from '../schema/pool.ts';
import { UsageError } from './arguments.ts';
import { printProblems } from './report.ts';
import { paint, renderTable, type Terminal } from './terminal.ts';

/** `show`: the entries with an id, of any kind: where each is written, what it says, who refers to it. */
export function showEntry(dir: string, wanted: string, terminal: Terminal): number {
  const { catalog, problems, sources } = readCatalog(dir);
  if (catalog === undefined) {
    printProblems(problems, terminal);
    return 1;
  }
  const all = allEntries(catalog);
  const found = all.filter(({ kind, id }) => same(id, wanted) || `${kind}/${id}` === wanted);
  if (found.length === 0)
    throw new UsageError(`no entry "${wanted}": ${suggest(wanted, [...new Set(all.map(({ id }) => id))])}`);
  const { stdout } = terminal;
  for (const { kind, id, entry } of found) {
    const source = sources.get(`${kind}/${id}`);
    stdout.write(`${paint(stdout, 'bold', `${kind} ${id}`)}  ${source?.file}:${source?.line}\n\n`);
    stdout.write(`${stringify(entry, { lineWidth: 120 })}\n`);
    if (kind === 'pool') stdout.write(renderCost(entry as Pool, catalog));
    const referring = all.filter((other) => other.entry !== entry && refersTo(other.entry, kind, id));
    if (referring.length > 0) stdout.write(renderReferring(referring));
  }
  return 0;
}

/** Symbols are upper case by their nature; nobody should have to type them so. */
function same(id: string, wanted: string): boolean {
  return id === wanted || id === wanted.toUpperCase();
}

function allEntries(catalog: Catalog): { kind: Kind; id: string; entry: object }[] {
  return kinds.flatMap(({ kind, key }) =>
    catalog[key].map((entry: object) => ({ kind, id: getId(kind, entry), entry })),
  );
}

/** Properties that hold the id of an entry of a kind. */
const references: Partial<Record<Kind, readonly string[]>> = {
  network: ['network', 'networks', 'settlement', 'successor', 'aliasOf'],
  pair: ['successor'],
  pool: ['pool'],
  service: ['producers', 'consumers'],
  owner: ['owner'],
};

function refersTo(value: unknown, kind: Kind, id: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, child]: [string, unknown]) => {
    if (references[kind]?.includes(key) && (child === id || (Array.isArray(child) && child.includes(id)))) return true;
    return refersTo(child, kind, id);
  });
}

/** Who refers to an entry, by kind; of many, the first and their number. */
function renderReferring(referring: readonly { kind: Kind; id: string }[]): string {
  const shown = 8;
  const lines = [...Map.groupBy(referring, ({ kind }) => kind)].map(([kind, entries]) => {
    const ids = entries.map(({ id }) => id);
    const more = ids.length > shown ? ` and ${ids.length - shown} more` : '';
    return `referred to by ${kind} ${ids.slice(0, shown).join(', ')}${more}\n`;
  });
  return `${lines.join('')}\n`;
}

function renderCost(pool: Pool, catalog: Catalog): string {
  const { lines, known, planned, unpriced } = costOfPool(pool, catalog.machines);
  if (lines.length === 0) return 'No cost yet: the provider is undecided.\n\n';
  const money = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(2));
  const rows = lines.map((line) => [
    line.what,
    line.region,
    money(line.monthly),
    line.currency ?? '',
    money(line.planned),
  ]);
  const totals = Object.entries(known).map(([currency, total]) => [
    'sum',
    '',
    money(total),
    currency,
    planned === 0 ? '' : money(planned),
  ]);
  const note =
    unpriced.length === 0
      ? ''
      : `${unpriced.length} of ${lines.length} lines have no known price: the sum is a lower bound.\n`;
  return `${renderTable(['a month at rest', 'region', 'list price', 'currency', 'planned'], [...rows, ...totals])}${note}\n`;
}
