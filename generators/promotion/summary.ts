import type { Change } from '../emit/tree.ts';
import { type ImagesByName, imagesOfPool, referenceOf } from '../images.ts';
import { computePlan } from '../plan/compute.ts';
import { catalogOf, diffCatalogs } from '../plan/edits.ts';
import { renderText } from '../plan/format-text.ts';
import { placeOf, type Tree } from '../plan/tree.ts';
import { type Output, paint } from '../terminal.ts';
import type { EnvironmentChange, ImagesChange } from './environment-change.ts';
import { findLockDigest, findPoolOfLock } from './environment-files.ts';

const entriesShownMax = 20;
const signs = { added: '+', changed: '~', removed: '−' } as const;
const colours = { added: 'green', changed: 'yellow', removed: 'red' } as const;

/**
 * What a change does: the catalog and the images it brings, then the plan of what that does to the clusters.
 *
 * @param before Every file below environments/ and argocd/.
 */
export function renderSummary(change: EnvironmentChange, before: Tree, out: Output): string {
  const subject = change.message.slice(0, change.message.indexOf('\n'));
  const locks = change.changes.filter(({ path }) => /\/catalog\.([^/]+\.)?lock\.json$/.test(path));
  const lines = [
    ...section(
      out,
      'Catalog',
      locks.flatMap((lock) => lockLines(lock, out)),
    ),
    ...section(out, 'Images', change.images.flatMap(imageLines)),
    ...change.notes,
  ];
  const plan = renderText(computePlan(before, treeAfter(before, change.changes)), { colours: out.isTTY === true });
  return `${paint(out, 'bold', subject)}\n${lines.join('\n')}\n\n${plan}`;
}

function treeAfter(before: Tree, changes: readonly Change[]): Tree {
  const after = new Map(before);
  for (const { path, after: text } of changes) {
    if (text === undefined) after.delete(path);
    else after.set(path, text);
  }
  return after;
}

function section(out: Output, title: string, lines: readonly string[]): string[] {
  const shown = lines.length === 0 ? [paint(out, 'dim', 'as before')] : lines;
  return shown.map((line, index) => `${(index === 0 ? title : '').padEnd(9)}${line}`);
}

function lockLines({ path, before = '', after = '' }: Change, out: Output): string[] {
  const pool = findPoolOfLock(path);
  const environment = placeOf(path, []).environment;
  const title = `${pool === undefined ? environment : `${environment}, pool ${pool}`}: ${digestOf(before)} → ${digestOf(after)}`;
  const [old, fresh] = [catalogOf(before), catalogOf(after)];
  if (old === undefined || fresh === undefined) return [title];
  const entries = diffCatalogs(old, fresh).map(({ kind, entry }) =>
    paint(out, colours[kind], `${signs[kind]} ${entry}`),
  );
  const more = entries.length - entriesShownMax;
  return [
    title,
    ...entries.slice(0, entriesShownMax).map((line) => `  ${line}`),
    ...(more > 0 ? [`  … and ${more} entries more`] : []),
  ];
}

function digestOf(lock: string): string {
  return lock === '' ? 'none' : (findLockDigest(lock)?.slice(0, 'sha256:'.length + 12) ?? 'unreadable');
}

function imageLines({ environment, before, after }: ImagesChange): string[] {
  const pools = [undefined, ...new Set([...Object.keys(before?.pools ?? {}), ...Object.keys(after.pools ?? {})])];
  return pools.flatMap((pool) => {
    const where = pool === undefined ? environment : `${environment}, pool ${pool}`;
    const old: ImagesByName = before === undefined ? {} : imagesOfPool(before, pool).images;
    const fresh = imagesOfPool(after, pool).images;
    return [...new Set([...Object.keys(old), ...Object.keys(fresh)])].sort().flatMap((name) => {
      const [from, to] = [old[name], fresh[name]].map((image) => (image === undefined ? 'none' : referenceOf(image)));
      return from === to ? [] : [`${where}: ${name}`, `  ${from}`, `  → ${to}`];
    });
  });
}
