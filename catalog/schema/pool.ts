import Type, { type Static } from 'typebox';
import { Currency, Domain, Exceptions, Id, Port, Resources, StoreKind, Text } from './common.ts';
import { Provider } from './machine.ts';

const MachineType = Type.String({
  pattern: '^[a-z][a-z0-9.-]*$',
  maxLength: 48,
  description: "A type of the provider's price list",
});
const PlannedMonthly = Type.Optional(
  Type.Number({ minimum: 0, description: "The brief's price a month for this line, beside today's list price" }),
);
const Region = Type.String({ pattern: '^[a-z]+[a-z0-9-]*$', maxLength: 32 });

const Volume = Type.Object(
  { type: MachineType, sizeGB: Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'A node, or a store' }) },
  { additionalProperties: false },
);

export const NodeGroup = Type.Object(
  {
    id: Id,
    kind: Type.Enum(['kubernetes', 'control-plane', 'vm'], {
      description:
        'control-plane: of a cluster whose provider rents none; carries nothing of ours · vm: outside the cluster',
    }),
    purpose: Type.Optional(Text),
    machine: Type.Optional(Type.String({ ...MachineType, description: 'Required once the provider is decided' })),
    accelerator: Type.Optional(Type.Enum(['gpu'])),
    min: Type.Integer({ minimum: 0, maximum: 1000, description: 'Nodes at rest, in each region' }),
    max: Type.Integer({ minimum: 0, maximum: 1000, description: 'Nodes at full scale, in each region' }),
    volume: Type.Optional(Volume),
    dedicated: Type.Optional(
      Type.Boolean({ description: 'true: only the workloads that name the group run there; others are kept off' }),
    ),
    runs: Type.Optional(
      Type.Array(Id, {
        uniqueItems: true,
        maxItems: 20,
        description: 'Of a vm group: workloads that each of its machines runs by itself, beside those of the cluster',
      }),
    ),
    tags: Type.Optional(
      Type.Array(Id, { uniqueItems: true, maxItems: 20, description: "The provider's tags, beside the environment" }),
    ),
    plannedMonthly: PlannedMonthly,
  },
  { additionalProperties: false },
);
export type NodeGroup = Static<typeof NodeGroup>;

/** A store that services of the pool may need: run in the cluster, or rented. */
export const PoolStore = Type.Object(
  {
    kind: StoreKind,
    engine: Type.Enum(['postgresql', 'clickhouse', 'redis', 'kafka', 's3', 'minio', 'mongodb', 'elasticsearch', 'gcs']),
    managed: Type.Boolean({ description: "true: rented from the provider; false: runs on the pool's own nodes" }),
    machine: Type.Optional(Type.String({ ...MachineType, description: 'Of a rented database' })),
    version: Type.Optional(
      Type.String({ pattern: '^[0-9]+(\\.[0-9]+)*$', maxLength: 16, description: 'Of a rented database' }),
    ),
    replicas: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    storageGB: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Of one replica' })),
    disk: Type.Optional(Type.String({ ...MachineType, description: 'Disk type of the storage, if it is paid apart' })),
    resources: Type.Optional(Resources),
    plannedMonthly: PlannedMonthly,
  },
  { additionalProperties: false },
);
export type PoolStore = Static<typeof PoolStore>;

/** Software of others that runs in the pool beside our services. */
const PoolWorkload = Type.Object(
  {
    id: Id,
    purpose: Text,
    image: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9.-]+(/[a-z0-9._-]+)+:(?!latest$)[A-Za-z0-9_][A-Za-z0-9._-]*(@sha256:[0-9a-f]{64})?$',
        maxLength: 255,
        description: 'Of what we run without a chart: registry, path and one fixed tag',
        examples: ['docker.io/ethereum/client-go:v1.16.5'],
      }),
    ),
    nodeGroup: Id,
    replicas: Type.Integer({ minimum: 1, maximum: 100 }),
    port: Type.Optional(Port),
    resources: Type.Optional(Resources),
    storageGB: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    disk: Type.Optional(Type.String({ ...MachineType, description: 'Disk type of the storage, if it is paid apart' })),
  },
  { additionalProperties: false },
);
export type PoolWorkload = Static<typeof PoolWorkload>;

export const Pool = Type.Object(
  {
    id: Id,
    name: Text,
    purpose: Text,
    owner: Id,
    provider: Provider,
    regions: Type.Array(Region, { uniqueItems: true, maxItems: 20 }),
    cluster: Type.Optional(
      Type.String({
        ...Id,
        description: 'Name of its Kubernetes cluster; with a region suffix where there are several',
      }),
    ),
    kubernetesVersion: Type.Optional(
      Type.String({
        pattern: '^1\\.[0-9]+(\\.[0-9]+(-[a-z0-9.]+)?)?$',
        maxLength: 24,
        description: 'As the provider names it: the minor, or one exact release where it wants one',
        examples: ['1.34', '1.34.1-do.1'],
      }),
    ),
    namespaces: Type.Array(Id, { minItems: 1, uniqueItems: true, maxItems: 20 }),
    domain: Type.Optional(Domain),
    budget: Type.Optional(
      Type.Object(
        { monthly: Type.Number({ exclusiveMinimum: 0, maximum: 10_000_000 }), currency: Currency },
        { additionalProperties: false, description: 'Most that the pool at rest may cost a month, at list prices' },
      ),
    ),
    backups: Type.Optional(
      Type.Object(
        {
          dailyRetentionDays: Type.Integer({ minimum: 1, maximum: 3650 }),
          weeklyRetentionDays: Type.Integer({ minimum: 7, maximum: 3650 }),
        },
        {
          additionalProperties: false,
          description: 'How long its stores can be brought back, day by day and week by week',
        },
      ),
    ),
    exceptions: Type.Optional(Exceptions),
    nodeGroups: Type.Array(NodeGroup, { maxItems: 50 }),
    stores: Type.Array(PoolStore, { maxItems: 20 }),
    borrows: Type.Optional(
      Type.Array(
        Type.Object(
          {
            kind: Type.Enum(['timeseries', 'bus'], {
              description: 'What a gateway can lead to: ClickHouse by HTTPS, Kafka by TLS on a port of its own',
            }),
            from: Type.String({ ...Id, description: 'Another pool, which runs it' }),
          },
          { additionalProperties: false },
        ),
        {
          maxItems: 5,
          description: 'Stores of other pools, reached through their gateways as a user of the pool or of its services',
        },
      ),
    ),
    workloads: Type.Optional(Type.Array(PoolWorkload, { maxItems: 50 })),
    extras: Type.Optional(
      Type.Array(
        Type.Object(
          { type: MachineType, count: Type.Integer({ minimum: 1, maximum: 100 }), plannedMonthly: PlannedMonthly },
          { additionalProperties: false },
        ),
        { maxItems: 20, description: 'Load balancers, snapshots: whatever is on the bill' },
      ),
    ),
  },
  { additionalProperties: false, description: 'Where services run: catalog/pools/<id>.yaml' },
);
export type Pool = Static<typeof Pool>;
