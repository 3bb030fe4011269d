import type { Kind } from './kinds.ts';
import type { Channel } from './schema/channel.ts';
import type { Component } from './schema/component.ts';
import type { Machine } from './schema/machine.ts';
import type { Network } from './schema/network.ts';
import type { Owner } from './schema/owner.ts';
import type { Pair } from './schema/pair.ts';
import type { Plan } from './schema/plan.ts';
import type { Pool } from './schema/pool.ts';
import type { Protocol } from './schema/protocol.ts';
import type { Service } from './schema/service.ts';
import type { Topic } from './schema/topic.ts';
import type { Path, Place } from './yaml.ts';

interface EntryTypes {
  network: Network;
  pair: Pair;
  channel: Channel;
  protocol: Protocol;
  pool: Pool;
  service: Service;
  plan: Plan;
  owner: Owner;
  machine: Machine;
  topic: Topic;
  component: Component;
}

/** An entry with where it stands, so that a rule can point into it. */
export interface Entry<K extends Kind = Kind> {
  kind: K;
  id: string;
  value: EntryTypes[K];
  file: string;
  /** Name of its file without folder and ending. */
  stem: string;
  /** True where the file is the entry; false where it is one of a list. */
  isWholeFile: boolean;
  placeOf(path: Path, at?: 'value' | 'key'): Place;
}

/** What the rules look at: all entries that fit their schema, and what is known of the others. */
export interface CatalogView {
  of<K extends Kind>(kind: K): readonly Entry<K>[];
  find<K extends Kind>(kind: K, id: string): Entry<K> | undefined;
  /** Also true for an entry that is there but does not fit its schema: a reference to it is no second error. */
  isKnown(kind: Kind, id: string): boolean;
  ids(kind: Kind): string[];
  /** The text of each file, for rules that look at more than values. */
  texts: readonly { file: string; text: string }[];
}

/** `broken` holds `network/optimism` for each entry that is there but cannot be used. */
export function createView(
  entries: readonly Entry[],
  broken: ReadonlySet<string>,
  texts: CatalogView['texts'],
): CatalogView {
  const byKind = Map.groupBy(entries, ({ kind }) => kind);
  const byId = new Map<string, Entry>();
  for (const entry of entries) {
    const key = `${entry.kind}/${entry.id}`;
    if (!byId.has(key)) byId.set(key, entry);
  }
  // Entries are grouped by their own kind, so the value has that kind's type.
  const of = <K extends Kind>(kind: K) => (byKind.get(kind) ?? []) as unknown as readonly Entry<K>[];
  return {
    of,
    find: <K extends Kind>(kind: K, id: string) => byId.get(`${kind}/${id}`) as Entry<K> | undefined,
    isKnown: (kind, id) => byId.has(`${kind}/${id}`) || broken.has(`${kind}/${id}`),
    ids: (kind) => of(kind).map(({ id }) => id),
    texts,
  };
}
