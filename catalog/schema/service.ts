import Type, { type Static } from 'typebox';
import { ByteQuantity, Exceptions, Id, Port, Resources, SecretKey, StoreKind, Text } from './common.ts';

const PortName = { pattern: '^[a-z][a-z0-9-]{0,14}$' };
const EnvName = { pattern: '^[A-Z][A-Z0-9_]*$', maxLength: 64 };

const ServicePort = Type.Object(
  {
    name: Type.String({ ...PortName, description: 'Kubernetes allows 15 characters' }),
    port: Port,
    public: Type.Optional(Type.Boolean({ description: 'Reached from outside the cluster, through its routes' })),
  },
  { additionalProperties: false },
);

const Auth = Type.Enum(['none', 'jwt', 'signature'], {
  description: 'signature: the caller signs its body (webhooks)',
});

const Role = Type.Enum(['viewer', 'analyst', 'operator', 'admin']);

const ServiceRoute = Type.Object(
  {
    path: Type.String({ pattern: '^/[A-Za-z0-9/_.-]*$', maxLength: 128, description: "Prefix, on the pool's domain" }),
    port: Type.String({ ...PortName, description: 'Name of one of the ports' }),
    auth: Auth,
    websocket: Type.Optional(
      Type.Boolean({
        description:
          'With jwt: a browser, which can give a WebSocket no header, may bring its token in the cookie defimon_token',
      }),
    ),
    page: Type.Optional(
      Type.Boolean({
        description:
          'With jwt: a page, which a browser asks for by its address alone, with the token in the same cookie',
      }),
    ),
    roles: Type.Optional(
      Type.Array(Role, { uniqueItems: true, minItems: 1, description: 'Any of them; only with jwt' }),
    ),
  },
  { additionalProperties: false },
);

/** The kinds a service may read: the keys of Catalog. */
const CatalogKey = Type.Enum([
  'networks',
  'pairs',
  'channels',
  'protocols',
  'pools',
  'services',
  'plans',
  'owners',
  'machines',
  'topics',
]);

const closed = { additionalProperties: false };

/** How a service runs in a cluster; left out, as a Deployment. */
const Workload = Type.Union([
  Type.Object({ kind: Type.Literal('deployment') }, closed),
  Type.Object(
    { kind: Type.Literal('statefulset', { description: 'Each replica keeps a disk: needs volume' }) },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('cronjob'),
      schedule: Type.String({
        pattern: '^(\\S+ ){4}\\S+$',
        maxLength: 60,
        description: 'Minute, hour, day, month, weekday; UTC',
        examples: ['30 2 * * *'],
      }),
      deadlineMinutes: Type.Integer({ minimum: 1, maximum: 10_080, description: 'A run that takes longer is stopped' }),
    },
    closed,
  ),
  Type.Object(
    { kind: Type.Literal('kong', { description: 'Kong does its work in clusters; ours is for local' }) },
    closed,
  ),
]);

export const Service = Type.Object(
  {
    id: Id,
    name: Text,
    purpose: Text,
    owner: Id,
    pool: Id,
    namespace: Type.String({ ...Id, description: "One of the pool's namespaces" }),
    released: Type.Boolean({
      description: 'false: its program is not in the image yet; rendered, but asleep at no replica',
    }),
    workload: Type.Optional(Workload),
    reload: Type.Enum(['hot', 'restart'], { description: 'What a changed catalog slice takes: nothing, or a new pod' }),
    reads: Type.Array(CatalogKey, { uniqueItems: true, description: 'Its slice of the catalog' }),
    needs: Type.Array(StoreKind, { uniqueItems: true }),
    internet: Type.Optional(Type.Boolean({ description: 'It calls public addresses, on port 443' })),
    calls: Type.Optional(
      Type.Array(
        Type.Object(
          {
            env: Type.String({ ...EnvName, description: 'The variable that holds the address' }),
            service: Id,
            port: Type.String({ ...PortName, description: 'Name of one of its ports' }),
          },
          closed,
        ),
        {
          maxItems: 20,
          description: 'Other services that it calls: one of its own pool in the cluster, another at its public host',
        },
      ),
    ),
    watches: Type.Optional(
      Type.Boolean({
        description:
          'It shows how the others fare: it may ask each pod of its cluster, and is told where Grafana and the repository are',
      }),
    ),
    shards: Type.Optional(
      Type.Object(
        {
          of: Type.Enum(['networks', 'pairs']),
          size: Type.Integer({ minimum: 1, maximum: 10_000, description: 'Most entries of one shard' }),
        },
        {
          ...closed,
          description: 'One workload for each shard, with its own slice; replicas and resources are those of one',
        },
      ),
    ),
    ports: Type.Array(ServicePort, { maxItems: 10 }),
    routes: Type.Array(ServiceRoute, { maxItems: 50 }),
    sessionAffinity: Type.Optional(Type.Boolean({ description: 'A caller stays with one replica, for a day at most' })),
    resources: Resources,
    gpus: Type.Optional(Type.Integer({ minimum: 1, maximum: 16, description: 'Of one replica' })),
    volume: Type.Optional(Type.String({ ...ByteQuantity, description: 'Disk of one replica' })),
    scaling: Type.Object(
      {
        min: Type.Integer({ minimum: 0, maximum: 100 }),
        max: Type.Integer({ minimum: 1, maximum: 100 }),
        targetCpuPercent: Type.Optional(Type.Integer({ minimum: 10, maximum: 95 })),
        targetMemoryPercent: Type.Optional(Type.Integer({ minimum: 10, maximum: 95 })),
        targetLag: Type.Optional(
          Type.Integer({ minimum: 1, description: 'Records of the topics it consumes that one replica may be behind' }),
        ),
      },
      { additionalProperties: false, description: 'Replicas in each region' },
    ),
    secrets: Type.Optional(
      Type.Array(
        Type.Object(
          {
            env: Type.String(EnvName),
            secretRef: SecretKey,
          },
          { additionalProperties: false },
        ),
        { maxItems: 30, description: 'Environment variables filled from the secret store' },
      ),
    ),
    exceptions: Type.Optional(Exceptions),
  },
  { additionalProperties: false, description: 'One of our programs: catalog/services/<id>.yaml' },
);
export type Service = Static<typeof Service>;
