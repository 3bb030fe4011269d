import { findId, kinds } from '../kinds.ts';
import { suggest } from '../nearest.ts';
import { at, clashes, placeName, type Rule } from '../rule.ts';

export const identityRules: readonly Rule[] = [
  {
    code: 'CAT020',
    rule: 'an id names one entry of its kind',
    why: 'the id is the file, the metric label and the key in every store: two entries would share their data',
    *check(view) {
      for (const { kind } of kinds) {
        const path = kind === 'pair' ? ['symbol'] : kind === 'machine' ? ['type'] : ['id'];
        for (const { first, second, key } of clashes(view.of(kind), ({ id }) => id)) {
          const message = `${kind} "${key}" is already defined at ${placeName(first, path)}`;
          yield at(second, path, message, 'remove one of the two, or give it another id');
        }
      }
    },
  },
  {
    code: 'CAT021',
    rule: 'a file bears the name of what is in it',
    why: 'a reviewer finds an entry by its file, and the watcher tells a renamed entry from a new one by it',
    *check(view) {
      for (const { kind, layout } of kinds) {
        if (layout !== 'folder') continue;
        const property = kind === 'pair' ? 'category' : kind === 'machine' ? 'provider' : 'id';
        const seen = new Set<string>();
        for (const entry of view.of(kind)) {
          const name: unknown = Reflect.get(entry.value, property);
          if (name === entry.stem || seen.has(entry.file)) continue;
          seen.add(entry.file);
          const message = `${property} is "${String(name)}", but the file is "${entry.stem}.yaml"`;
          yield at(entry, [property], message, `rename the file to ${String(name)}.yaml, or correct the ${property}`);
        }
      }
    },
  },
  {
    code: 'CAT022',
    rule: 'every entry has an owner who exists',
    why: 'alerts and reviews go to the owner',
    *check(view) {
      for (const { kind } of kinds) {
        if (kind === 'owner') continue;
        // An owner said once for a whole file is wrong once.
        const seen = new Set<string>();
        for (const entry of view.of(kind)) {
          const owner: unknown = Reflect.get(entry.value, 'owner');
          if (typeof owner !== 'string' || view.isKnown('owner', owner)) continue;
          const { line, col } = entry.placeOf(['owner']);
          const place = `${entry.file}:${line}:${col}`;
          if (seen.has(place)) continue;
          seen.add(place);
          yield at(entry, ['owner'], `unknown owner "${owner}"`, suggest(owner, view.ids('owner')));
        }
      }
    },
  },
  {
    code: 'CAT023',
    rule: 'what is not active says why',
    why: 'in a year nobody knows whether it may be removed or must come back',
    *check(view) {
      for (const { kind } of kinds) {
        for (const entry of view.of(kind)) {
          const status: unknown = Reflect.get(entry.value, 'status');
          if (typeof status !== 'string' || status === 'active') continue;
          if (typeof Reflect.get(entry.value, 'statusNote') === 'string') continue;
          const name = findId(kind, entry.value) ?? entry.id;
          yield at(
            entry,
            ['status'],
            `${kind} "${name}" is ${status} without a note`,
            'add "statusNote:" with the reason',
          );
        }
      }
    },
  },
];
