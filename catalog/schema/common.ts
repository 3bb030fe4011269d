import Type, { type Static } from 'typebox';

/** A word of the catalog: the same word is the file name, the service folder, the Deployment and the metric label. */
export const idPattern = '^[a-z][a-z0-9]*(-[a-z0-9]+)*$';
export const Id = Type.String({ pattern: idPattern, maxLength: 63, examples: ['analytics-api'] });

/** A network's id keeps the brief's spelling: `arbitrum_one`, not `arbitrum-one`. */
export const networkIdPattern = '^[a-z][a-z0-9]*(_[a-z0-9]+)*$';
export const NetworkId = Type.String({ pattern: networkIdPattern, maxLength: 48, examples: ['arbitrum_one'] });

/** One line of prose. */
export const Text = Type.String({ minLength: 1, maxLength: 500, pattern: '^\\S(.*\\S)?$' });

/** An amount as text, so that `0.00000001` stays what it is. Greater than zero by a rule of its own. */
export const Decimal = Type.String({ pattern: '^(0|[1-9][0-9]*)(\\.[0-9]+)?$', maxLength: 40, examples: ['0.001'] });

export const HttpUrl = Type.String({
  pattern: '^https?://[^\\s/?#]+[^\\s]*$',
  format: 'uri',
  maxLength: 300,
  examples: ['https://mainnet.base.org'],
});
export const WsUrl = Type.String({
  pattern: '^wss?://[^\\s/?#]+[^\\s]*$',
  format: 'uri',
  maxLength: 300,
  examples: ['wss://base-rpc.publicnode.com'],
});
export const Domain = Type.String({
  format: 'hostname',
  pattern: '\\.[a-z]+$|^localhost$',
  maxLength: 253,
  examples: ['analytics.highfunk.uk'],
});
export const Port = Type.Integer({ minimum: 1, maximum: 65535 });

/** Where a secret is kept, never the secret: `<secret>/<key>` of the cluster's secret store. */
export const SecretKey = Type.String({
  pattern: '^[a-z][a-z0-9-]*/[A-Za-z][A-Za-z0-9_.-]*$',
  maxLength: 128,
  description: '<secret>/<key>: a reference into the secret store, never the value',
  examples: ['postgresql/url'],
});

export const SecretRef = Type.Object({ secretRef: SecretKey }, { additionalProperties: false });
export type SecretRef = Static<typeof SecretRef>;

/** Kubernetes' own spelling: `250m` or `2` CPUs. */
const CpuQuantity = Type.String({
  pattern: '^([1-9][0-9]*m|[1-9][0-9]*|0\\.[0-9]{1,3})$',
  maxLength: 8,
  examples: ['250m'],
});

/** Kubernetes' own spelling, binary units only: `512Mi`, `4Gi`, `2Ti`. */
export const ByteQuantity = Type.String({ pattern: '^[1-9][0-9]*(Mi|Gi|Ti)$', maxLength: 8, examples: ['512Mi'] });

export const ResourceAmounts = Type.Object(
  { cpu: CpuQuantity, memory: ByteQuantity },
  { additionalProperties: false, description: 'CPU and memory of one replica' },
);
export type ResourceAmounts = Static<typeof ResourceAmounts>;

export const Resources = Type.Object(
  { requests: ResourceAmounts, limits: Type.Optional(ResourceAmounts) },
  { additionalProperties: false },
);
export type Resources = Static<typeof Resources>;

/** What a service may need and a pool may provide. */
export const StoreKind = Type.Enum(['relational', 'timeseries', 'cache', 'bus', 'objects', 'document', 'search'], {
  description: 'relational: PostgreSQL · timeseries: ClickHouse · cache: Redis · bus: Kafka · objects: S3 or MinIO',
});
export type StoreKind = Static<typeof StoreKind>;

export const Currency = Type.Enum(['USD', 'EUR']);
export type Currency = Static<typeof Currency>;

export const Status = Type.Enum(['active', 'deprecated', 'retired'], {
  description: 'active: in use · deprecated: still in use, on its way out · retired: kept as history, never started',
});
export type Status = Static<typeof Status>;

/** What a policy rule is not asked of, and why: shown in every plan that touches it. */
export const Exceptions = Type.Array(
  Type.Object(
    {
      rule: Type.String({ pattern: '^POL[0-9]{3}$', examples: ['POL004'] }),
      object: Type.String({
        pattern: '^[A-Z][A-Za-z]*/[A-Za-z0-9.*-]+$',
        maxLength: 128,
        description: 'Kind/name; * stands for any characters of the name',
        examples: ['DaemonSet/node-exporter'],
      }),
      reason: Text,
    },
    { additionalProperties: false },
  ),
  { maxItems: 50 },
);
export type Exceptions = Static<typeof Exceptions>;
