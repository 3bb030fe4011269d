import Type, { type Static } from 'typebox';
import { Domain, HttpUrl, idPattern, Resources, SecretRef } from './common.ts';
import { DatabaseSettings, MarketSettings } from './market-settings.ts';
import { Network } from './network.ts';
import { Protocol } from './protocol.ts';

const closed = { additionalProperties: false };

/** For how long single blocks, transactions and logs are kept. What was computed of them by the minute, hour and day stays. */
export const ChainRetention = Type.Object(
  {
    // A process that was away over a weekend goes on where it was.
    relationalDays: Type.Integer({
      minimum: 3,
      maximum: 36_500,
      description: 'In PostgreSQL, by the time of the block; history is filled no further back',
    }),
    // Percentiles and distinct addresses of 30 days are counted from single transactions.
    timeseriesDays: Type.Integer({
      minimum: 31,
      maximum: 36_500,
      description: 'In ClickHouse, by the time of the block',
    }),
  },
  { ...closed, description: 'For how long blocks, transactions and logs are kept; left out: for ever' },
);
export type ChainRetention = Static<typeof ChainRetention>;

export const SyncSettings = Type.Object(
  {
    intervalSeconds: Type.Number({
      exclusiveMinimum: 0,
      maximum: 3600,
      description: 'L2_SYNC_INTERVAL: pause between two looks at a head',
    }),
    batchSize: Type.Integer({ minimum: 1, maximum: 10_000, description: 'L2_BATCH_SIZE: blocks in one step' }),
    maxConcurrentRequests: Type.Integer({
      minimum: 1,
      maximum: 1000,
      description: 'L2_MAX_CONCURRENT_REQUESTS, of the process',
    }),
    priorityThreshold: Type.Integer({
      minimum: 1,
      maximum: 10,
      description: 'L2_PRIORITY_THRESHOLD: networks below are not synced',
    }),
    historyBlocks: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'How far back a network is filled; left out: from its startBlock or genesis',
      }),
    ),
    requestsPerSecond: Type.Number({
      exclusiveMinimum: 0,
      maximum: 10_000,
      description: 'Budget of a network that states none',
    }),
    requestTimeoutSeconds: Type.Number({ exclusiveMinimum: 0, maximum: 600 }),
    retention: Type.Optional(ChainRetention),
  },
  closed,
);
export type SyncSettings = Static<typeof SyncSettings>;

const EmbeddedStores = Type.Object({ kind: Type.Literal('embedded') }, closed);
const NetworkedStores = Type.Object(
  {
    kind: Type.Literal('networked'),
    relational: SecretRef,
    timeseries: SecretRef,
    cache: Type.Optional(SecretRef),
    bus: Type.Optional(SecretRef),
    objects: Type.Optional(SecretRef),
    document: Type.Optional(SecretRef),
    search: Type.Optional(SecretRef),
  },
  closed,
);
const StoreSettings = Type.Union([EmbeddedStores, NetworkedStores], {
  description: 'embedded: in the process, under .data/ · networked: addresses from the secret store',
});

const ServiceOverride = Type.Object(
  {
    replicas: Type.Optional(
      Type.Object(
        { min: Type.Integer({ minimum: 0, maximum: 100 }), max: Type.Integer({ minimum: 1, maximum: 100 }) },
        closed,
      ),
    ),
    resources: Type.Optional(Resources),
  },
  { ...closed, minProperties: 1 },
);

const Cidr = Type.String({ pattern: '^([0-9]{1,3}\\.){3}[0-9]{1,3}/([0-9]|[12][0-9]|3[0-2])$' });

const idKeyed = Type.String({ pattern: idPattern });
const Count = Type.Integer({ minimum: 0, maximum: 1000 });

/** Other sizes of a pool's machines and stores, by node group and kind of store; and where its calls come from. */
const PoolOverride = Type.Object(
  {
    nodeGroups: Type.Optional(
      Type.Record(
        idKeyed,
        Type.Object({ min: Count, max: Count, machine: Type.Optional(Type.String({ maxLength: 48 })) }, closed),
        closed,
      ),
    ),
    stores: Type.Optional(
      Type.Record(
        idKeyed,
        Type.Object(
          {
            replicas: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
            storageGB: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
            machine: Type.Optional(Type.String({ maxLength: 48 })),
            resources: Type.Optional(Resources),
          },
          { ...closed, minProperties: 1 },
        ),
        closed,
      ),
    ),
    egress: Type.Optional(
      Type.Array(Cidr, {
        uniqueItems: true,
        minItems: 1,
        maxItems: 50,
        description: 'Addresses its calls come from: a store that it borrows then lets in no others',
      }),
    ),
  },
  { ...closed, minProperties: 1 },
);

export const Environment = Type.Object(
  {
    name: Type.Enum(['local', 'dev', 'staging', 'production']),
    domain: Domain,
    poolDomains: Type.Optional(
      Type.Boolean({ description: 'Pools answer at the domain the catalog gives them; else at <pool>.<domain>' }),
    ),
    follow: Type.Enum(['head', 'lock'], {
      description: "head: the catalog as it stands · lock: only this environment's committed catalog.lock.json",
    }),
    phases: Type.Array(Type.Integer({ minimum: 1, maximum: 3 }), {
      minItems: 1,
      uniqueItems: true,
      description: 'Phases of the roll-out that are on',
    }),
    sync: SyncSettings,
    market: Type.Optional(MarketSettings),
    stores: StoreSettings,
    database: Type.Optional(DatabaseSettings),
    secretStore: Type.Optional(
      Type.Object(
        { server: Type.String({ ...HttpUrl, description: 'Address of the Vault that every secretRef is read from' }) },
        { ...closed, description: 'Required with networked stores' },
      ),
    ),
    accounts: Type.Optional(
      Type.Object(
        {
          gcp: Type.Optional(
            Type.Object(
              {
                project: Type.String({ pattern: '^[a-z][a-z0-9-]{4,28}[a-z0-9]$' }),
                peerAddress: Type.Optional(
                  Type.String({
                    format: 'ipv4',
                    description: 'Address that the Ethereum nodes tell their peers, once it is reserved',
                  }),
                ),
              },
              closed,
            ),
          ),
          aws: Type.Optional(
            Type.Object(
              {
                accountId: Type.String({ pattern: '^[0-9]{12}$' }),
                kmsKey: Type.String({
                  pattern: '^mrk-[0-9a-f]{32}$',
                  description: 'Id of the multi-region key that encrypts databases and buckets; the key stays with AWS',
                }),
              },
              closed,
            ),
          ),
        },
        { ...closed, description: 'Whose bill the machines are on; no secrets' },
      ),
    ),
    management: Type.Optional(
      Type.Object(
        {
          cidrs: Type.Array(Cidr, {
            uniqueItems: true,
            maxItems: 50,
            description: 'Whose addresses reach the API servers of the clusters: the management cluster, and people',
          }),
        },
        closed,
      ),
    ),
    pools: Type.Optional(
      Type.Record(idKeyed, PoolOverride, { ...closed, description: 'What is different of a pool here, by its id' }),
    ),
    services: Type.Optional(
      Type.Record(Type.String({ pattern: idPattern }), ServiceOverride, {
        ...closed,
        description: 'Other sizes than the catalog states, by service id',
      }),
    ),
    networks: Type.Optional(Type.Array(Network, { maxItems: 100, description: 'Networks that exist only here' })),
    protocols: Type.Optional(Type.Array(Protocol, { maxItems: 100, description: 'Protocols that exist only here' })),
  },
  { ...closed, description: 'What differs between environments: environments/<name>/environment.yaml' },
);
export type Environment = Static<typeof Environment>;
