import { bodyOf } from './body.ts';
import type { Change, Group } from './plan.ts';

/**
 * Changes that read the same, together: a new label on fourteen objects is one group of fourteen. Of an object that comes
 * or goes, its whole text must be the same. Every change is in exactly one group.
 *
 * @returns What is changed before what is added and removed; the larger groups first.
 */
export function groupChanges(changes: readonly Change[]): Group[] {
  const groups = new Map<
    string,
    { kind: Group['kind']; what: Group['what']; body: readonly string[]; changes: Change[] }
  >();
  for (const change of changes) {
    const body = bodyOf(change);
    const subject = change.kind === 'changed' ? '' : change.identity;
    const key = [change.kind, change.what, subject, change.movedFrom === undefined ? '' : 'moved', ...body].join('\n');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { kind: change.kind, what: change.what, body, changes: [change] });
    else group.changes.push(change);
  }
  return [...groups.values()].sort(byWeight);
}

const kindRanks = { changed: 0, removed: 1, added: 2 } as const;
const whatRanks = { object: 0, app: 1, input: 2, text: 3 } as const;

function byWeight(a: Group, b: Group): number {
  const [pathA, pathB] = [a.changes[0]?.path ?? '', b.changes[0]?.path ?? ''];
  return (
    whatRanks[a.what] - whatRanks[b.what] ||
    kindRanks[a.kind] - kindRanks[b.kind] ||
    b.changes.length - a.changes.length ||
    (pathA < pathB ? -1 : pathA > pathB ? 1 : 0)
  );
}
