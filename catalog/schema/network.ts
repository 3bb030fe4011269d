import Type, { type Static } from 'typebox';
import { HttpUrl, Id, NetworkId, networkIdPattern, SecretKey, Status, Text, WsUrl } from './common.ts';

const RpcEndpoint = Type.Object(
  {
    url: HttpUrl,
    requestsPerSecond: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 10_000, description: 'What this endpoint allows us' }),
    ),
    maxBatchSize: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, description: 'Calls in one JSON-RPC batch; 1: no batches' }),
    ),
    secretRef: Type.Optional(
      Type.String({
        ...SecretKey,
        description:
          '<secret>/<key> of the API key this endpoint takes as the last part of its path; the key itself is never written here',
      }),
    ),
  },
  { additionalProperties: false },
);

export const NetworkKind = Type.Enum(
  ['evm', 'solana', 'starknet', 'cosmos', 'polkadot', 'near', 'aptos', 'sui', 'api'],
  { description: 'The protocol its nodes speak; api: a REST service, not a node' },
);
export type NetworkKind = Static<typeof NetworkKind>;

export const Network = Type.Object(
  {
    id: NetworkId,
    name: Text,
    kind: NetworkKind,
    chainId: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'EIP-155 id' })),
    networkId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: "The chain's own name for itself, where it is no chain id",
      }),
    ),
    aliasOf: Type.Optional(
      Type.String({ ...NetworkId, description: 'This is another name of that network: never collected twice' }),
    ),
    renamedTo: Type.Optional(
      Type.String({ ...NetworkId, description: "The name in use today; the id keeps the brief's" }),
    ),
    successor: Type.Optional(Type.String({ ...NetworkId, description: 'The network that took over' })),

    status: Status,
    statusNote: Type.Optional(Type.String({ ...Text, description: 'Why; required unless the network is active' })),
    phase: Type.Integer({ minimum: 1, maximum: 3, description: "The brief's phase of the roll-out" }),
    priority: Type.Integer({ minimum: 1, maximum: 10, description: '10 is synced first' }),
    tvlUsd: Type.Optional(Type.Integer({ minimum: 0, description: "US dollars; the brief's figure, not measured" })),
    owner: Id,

    stack: Type.String({
      pattern: '^[a-z][a-z0-9_]*$',
      maxLength: 48,
      description: 'Node software: op_stack, arbitrum_nitro …',
    }),
    settlement: Type.String({
      pattern: networkIdPattern,
      description: "'self', or the network whose blocks secure this one",
    }),
    dataAvailability: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9_]*$', maxLength: 48 })),
    nativeCurrency: Type.Object(
      { symbol: Type.String({ pattern: '^[A-Za-z0-9]{1,12}$' }), decimals: Type.Integer({ minimum: 0, maximum: 30 }) },
      { additionalProperties: false },
    ),
    blockTimeSeconds: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 3600, description: 'Nominal' })),
    finality: Type.Object(
      {
        tag: Type.Optional(
          Type.String({
            pattern: '^[A-Za-z0-9_]+$',
            maxLength: 32,
            description: 'Block tag the node answers to: finalized',
          }),
        ),
        confirmations: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: 100_000,
            description: 'Blocks in about one finality window; a hint where there is a tag',
          }),
        ),
      },
      { additionalProperties: false, description: 'as in { tag: finalized, confirmations: 64 }' },
    ),
    genesisHash: Type.Optional(
      Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Tells a wrong chain behind a right address' }),
    ),
    startBlock: Type.Optional(Type.Integer({ minimum: 0, description: 'First block worth syncing' })),

    rpc: Type.Array(RpcEndpoint, {
      maxItems: 20,
      description: 'In order of preference; may be empty only when retired',
    }),
    rpcWs: Type.Optional(Type.Array(WsUrl, { maxItems: 20, minItems: 1 })),
    rest: Type.Optional(Type.Array(HttpUrl, { maxItems: 20, minItems: 1 })),
    grpc: Type.Optional(
      Type.Array(Type.String({ pattern: '^(https?://)?[a-z0-9.-]+(:[0-9]{2,5})?$', maxLength: 300 }), {
        maxItems: 20,
        minItems: 1,
      }),
    ),
    requestsPerSecond: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 10_000,
        description: 'Budget of the whole network, head and history',
      }),
    ),
    explorer: Type.Optional(HttpUrl),
    github: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$', description: '<owner>/<repository>' }),
    ),
  },
  { additionalProperties: false, description: 'A chain or rollup: one file a network, catalog/networks/<id>.yaml' },
);
export type Network = Static<typeof Network>;
