import Type, { type Static } from 'typebox';
import { ByteQuantity, Id, Port, Resources, SecretKey, StoreKind, Text } from './common.ts';

const ServicePort = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,14}$', description: 'Kubernetes allows 15 characters' }),
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
    port: Type.String({ pattern: '^[a-z][a-z0-9-]{0,14}$', description: 'Name of one of the ports' }),
    auth: Auth,
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
]);

export const Service = Type.Object(
  {
    id: Id,
    name: Text,
    purpose: Text,
    owner: Id,
    pool: Id,
    namespace: Type.String({ ...Id, description: "One of the pool's namespaces" }),
    released: Type.Boolean({ description: 'false: described, not deployed anywhere yet' }),
    reload: Type.Enum(['hot', 'restart'], { description: 'What a changed catalog slice takes: nothing, or a new pod' }),
    reads: Type.Array(CatalogKey, { uniqueItems: true, description: 'Its slice of the catalog' }),
    needs: Type.Array(StoreKind, { uniqueItems: true }),
    ports: Type.Array(ServicePort, { maxItems: 10 }),
    routes: Type.Array(ServiceRoute, { maxItems: 50 }),
    resources: Resources,
    volume: Type.Optional(Type.String({ ...ByteQuantity, description: 'Disk of one replica' })),
    scaling: Type.Object(
      {
        min: Type.Integer({ minimum: 0, maximum: 100 }),
        max: Type.Integer({ minimum: 1, maximum: 100 }),
        targetCpuPercent: Type.Optional(Type.Integer({ minimum: 10, maximum: 95 })),
        targetMemoryPercent: Type.Optional(Type.Integer({ minimum: 10, maximum: 95 })),
      },
      { additionalProperties: false, description: 'Replicas in each region' },
    ),
    secrets: Type.Optional(
      Type.Array(
        Type.Object(
          {
            env: Type.String({ pattern: '^[A-Z][A-Z0-9_]*$', maxLength: 64 }),
            secretRef: SecretKey,
          },
          { additionalProperties: false },
        ),
        { maxItems: 30, description: 'Environment variables filled from the secret store' },
      ),
    ),
  },
  { additionalProperties: false, description: 'One of our programs: catalog/services/<id>.yaml' },
);
export type Service = Static<typeof Service>;
