import type { TSchema } from 'typebox';
import type { Catalog } from './schema/catalog.ts';
import { Channel } from './schema/channel.ts';
import { ComponentFile } from './schema/component.ts';
import { MachineFile } from './schema/machine.ts';
import { Network } from './schema/network.ts';
import { OwnerFile } from './schema/owner.ts';
import { PairFile } from './schema/pair.ts';
import { PlanFile } from './schema/plan.ts';
import { Pool } from './schema/pool.ts';
import { Protocol } from './schema/protocol.ts';
import { Service } from './schema/service.ts';
import { TopicFile } from './schema/topic.ts';

type CatalogKey = keyof Catalog;
export type Kind =
  | 'network'
  | 'pair'
  | 'channel'
  | 'protocol'
  | 'pool'
  | 'service'
  | 'plan'
  | 'owner'
  | 'machine'
  | 'topic'
  | 'component';

export interface KindOfEntry {
  kind: Kind;
  key: CatalogKey;
  /** `folder`: one file an entry, or a category; `file`: one file for all. */
  layout: 'folder' | 'file';
  /** Folder or file under catalog/. */
  at: string;
  /** Schema of one file. */
  schema: TSchema;
  /** Lists inside a file that hold its entries, with what the loader adds to them; none: the file is the entry. */
  lists: readonly { list: string; adds?: Record<string, string> }[];
  /** Properties of the file that each of its entries gets, unless it has its own. */
  shared: readonly string[];
}

/** Every kind of entry, and where it is written. Read it as the layout of catalog/. */
export const kinds: readonly KindOfEntry[] = [
  folder('network', 'networks', Network),
  folder(
    'pair',
    'pairs',
    PairFile,
    ['category', 'exchange', 'market', 'owner', 'quote', 'priority', 'status'],
    [{ list: 'pairs' }],
  ),
  folder('channel', 'channels', Channel),
  folder('protocol', 'protocols', Protocol),
  folder('pool', 'pools', Pool),
  folder('service', 'services', Service),
  folder(
    'machine',
    'machines',
    MachineFile,
    ['provider', 'owner'],
    [
      { list: 'servers', adds: { kind: 'server' } },
      { list: 'databases', adds: { kind: 'database' } },
      { list: 'disks', adds: { kind: 'disk' } },
      { list: 'extras', adds: { kind: 'extra' } },
    ],
  ),
  file('plan', 'plans', PlanFile),
  file('owner', 'owners', OwnerFile),
  file('topic', 'topics', TopicFile),
  file('component', 'components', ComponentFile),
];

function folder(
  kind: Kind,
  key: CatalogKey,
  schema: TSchema,
  shared: readonly string[] = [],
  lists: KindOfEntry['lists'] = [],
): KindOfEntry {
  return { kind, key, layout: 'folder', at: key, schema, shared, lists };
}

function file(kind: Kind, key: CatalogKey, schema: TSchema): KindOfEntry {
  return { kind, key, layout: 'file', at: `${key}.yaml`, schema, shared: [], lists: [{ list: key }] };
}

/** What tells an entry from the others of its kind: `optimism`, `BTCUSDT`, `hetzner/ccx33`. Undefined if unreadable. */
export function findId(kind: Kind, entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const text = (key: string): string | undefined => {
    const value: unknown = Reflect.get(entry, key);
    return typeof value === 'string' ? value : undefined;
  };
  if (kind === 'pair') return text('symbol');
  if (kind !== 'machine') return text('id');
  const [provider, type] = [text('provider'), text('type')];
  return provider === undefined || type === undefined ? undefined : `${provider}/${type}`;
}

/** As findId, for an entry that has been checked. */
export function getId(kind: Kind, entry: object): string {
  const id = findId(kind, entry);
  if (id === undefined) throw new TypeError(`a ${kind} without an id`);
  return id;
}

/** Order by Unicode code point: the same on every machine, whatever its locale. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (left !== right) return rankOf(left) - rankOf(right);
  }
  return a.length - b.length;
}

/** Code units stand in the order of code points, but for surrogates, which stand for those above all others. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
