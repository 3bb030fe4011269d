import Type from 'typebox';
import { Channel } from './channel.ts';
import { Component } from './component.ts';
import { Machine } from './machine.ts';
import { Network } from './network.ts';
import { Owner } from './owner.ts';
import { Pair } from './pair.ts';
import { Plan } from './plan.ts';
import { Pool } from './pool.ts';
import { Protocol } from './protocol.ts';
import { Service } from './service.ts';
import { Topic } from './topic.ts';

/** The whole catalog, as everyone reads it: each kind sorted by id (code point), the whole frozen. */
export interface Catalog {
  readonly networks: readonly Network[];
  readonly pairs: readonly Pair[];
  readonly channels: readonly Channel[];
  readonly protocols: readonly Protocol[];
  readonly pools: readonly Pool[];
  readonly services: readonly Service[];
  readonly plans: readonly Plan[];
  readonly owners: readonly Owner[];
  readonly machines: readonly Machine[];
  readonly topics: readonly Topic[];
  readonly components: readonly Component[];
}

/** What a lock file's `catalog` must look like. */
export const LockedCatalog = Type.Object(
  {
    networks: Type.Array(Network),
    pairs: Type.Array(Pair),
    channels: Type.Array(Channel),
    protocols: Type.Array(Protocol),
    pools: Type.Array(Pool),
    services: Type.Array(Service),
    plans: Type.Array(Plan),
    owners: Type.Array(Owner),
    machines: Type.Array(Machine),
    // Kinds younger than the first locks: a lock without them holds none.
    topics: Type.Optional(Type.Array(Topic)),
    components: Type.Optional(Type.Array(Component)),
  },
  { additionalProperties: false },
);
