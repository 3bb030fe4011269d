import Type, { type Static } from 'typebox';
import { Currency, Id, Text } from './common.ts';

export const Provider = Type.Enum(['gcp', 'hetzner', 'digitalocean', 'aws', 'undecided'], {
  description: 'undecided is legal: the pool is described, and nothing of it can be deployed',
});
export type Provider = Static<typeof Provider>;

const Amount = Type.Number({ minimum: 0, maximum: 1_000_000 });
const type = Type.String({ pattern: '^[a-z][a-z0-9.-]*$', maxLength: 48, description: "The provider's own name" });
const note = Type.Optional(Text);
const source = Type.String({ ...Text, description: 'Where the figures come from' });

/** List price. An unknown price is left out, never guessed. */
export const Price = Type.Object(
  {
    currency: Currency,
    perHour: Type.Optional(
      Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]*$' }), Amount, { description: 'By region' }),
    ),
    perMonth: Type.Optional(Amount),
    perGBMonth: Type.Optional(Amount),
    regions: Type.Optional(
      Type.Array(Type.String({ pattern: '^[a-z][a-z0-9-]*$' }), {
        minItems: 1,
        description: 'Where it holds; left out: everywhere',
      }),
    ),
    asOf: Type.Optional(Type.String({ format: 'date' })),
  },
  { additionalProperties: false, description: 'List price, without tax or discount' },
);
export type Price = Static<typeof Price>;

const server = {
  type,
  family: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9-]*$' })),
  role: Type.Enum(['general', 'general-shared', 'dedicated', 'memory', 'gpu']),
  vcpu: Type.Integer({ minimum: 1, maximum: 1024 }),
  memoryGiB: Type.Number({ exclusiveMinimum: 0, maximum: 32_768 }),
  diskGB: Type.Integer({ minimum: 0, description: 'Local disk that comes with the machine' }),
  networkMbps: Type.Optional(Type.Integer({ minimum: 1, description: 'Baseline on AWS, ceiling on GCP' })),
  trafficTB: Type.Optional(Type.Number({ minimum: 0, description: 'Included each month' })),
  gpu: Type.Optional(
    Type.Object(
      {
        model: Text,
        count: Type.Integer({ minimum: 1, maximum: 64 }),
        memoryGiB: Type.Integer({ minimum: 1, description: 'Of each' }),
      },
      { additionalProperties: false },
    ),
  ),
  price: Type.Optional(Price),
  note,
  source,
};
const database = {
  type,
  engines: Type.Array(Type.Enum(['postgresql', 'mysql', 'redis']), { minItems: 1, uniqueItems: true }),
  vcpu: Type.Integer({ minimum: 1, maximum: 1024 }),
  memoryGiB: Type.Number({ exclusiveMinimum: 0, maximum: 32_768 }),
  price: Type.Optional(Price),
  note,
  source,
};
const disk = {
  type,
  iopsPerGB: Type.Optional(Type.Number({ minimum: 0 })),
  baselineIops: Type.Optional(Type.Integer({ minimum: 0 })),
  baselineMBps: Type.Optional(Type.Integer({ minimum: 0 })),
  price: Type.Optional(Price),
  note,
  source,
};
const extra = { type, price: Type.Optional(Price), note, source };

const owned = { provider: Provider, owner: Id };
const closed = { additionalProperties: false };

const Server = Type.Object({ kind: Type.Literal('server'), ...owned, ...server }, closed);
const ManagedDatabase = Type.Object({ kind: Type.Literal('database'), ...owned, ...database }, closed);
const Disk = Type.Object({ kind: Type.Literal('disk'), ...owned, ...disk }, closed);
const Extra = Type.Object({ kind: Type.Literal('extra'), ...owned, ...extra }, closed);

/** Something a provider rents out. Its identity is `<provider>/<type>`. */
export const Machine = Type.Union([Server, ManagedDatabase, Disk, Extra]);
export type Machine = Static<typeof Machine>;

/** catalog/machines/<provider>.yaml: the provider's price list, as far as it is known. */
export const MachineFile = Type.Object(
  {
    ...owned,
    servers: Type.Optional(Type.Array(Type.Object(server, closed), { maxItems: 500 })),
    databases: Type.Optional(Type.Array(Type.Object(database, closed), { maxItems: 500 })),
    disks: Type.Optional(Type.Array(Type.Object(disk, closed), { maxItems: 100 })),
    extras: Type.Optional(Type.Array(Type.Object(extra, closed), { maxItems: 100 })),
  },
  { ...closed, description: "A provider's machines and list prices: catalog/machines/<provider>.yaml" },
);
export type MachineFile = Static<typeof MachineFile>;
