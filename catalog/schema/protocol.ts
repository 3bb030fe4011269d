import Type, { type Static } from 'typebox';
import { HttpUrl, Id, NetworkId, Status, Text } from './common.ts';

const ProtocolContract = Type.Object(
  {
    network: NetworkId,
    name: Type.String({
      pattern: '^[A-Za-z][A-Za-z0-9]*$',
      maxLength: 64,
      description: "The contract's name: UniswapV3Factory",
    }),
    address: Type.String({ pattern: '^0x[0-9a-fA-F]{40}$' }),
    startBlock: Type.Optional(Type.Integer({ minimum: 0, description: 'Block of its deployment' })),
  },
  { additionalProperties: false },
);

const Parameter = Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$', maxLength: 64 });

const Amount = Type.Object(
  {
    field: Type.String({ ...Parameter, description: 'An integer parameter of the signature' }),
    asset: Type.Optional(
      Type.String({
        ...Parameter,
        description:
          "Its address parameter that says what the amount is of; left out: the emitting contract's own units",
      }),
    ),
  },
  { additionalProperties: false },
);

const ProtocolEvent = Type.Object(
  {
    contract: Type.String({
      pattern: '^[A-Za-z][A-Za-z0-9]*$',
      maxLength: 64,
      description: 'Which of the contracts emits it, or a contract that an event creates',
    }),
    signature: Type.String({
      pattern: '^event [A-Za-z_][A-Za-z0-9_]*\\([^()]*\\)$',
      maxLength: 500,
      description: 'Human-readable ABI: event Deposit(address indexed dst, uint256 wad)',
    }),
    amounts: Type.Optional(
      Type.Array(Amount, {
        maxItems: 8,
        description:
          'What is summed; left out: each integer parameter that is not indexed and is called value, wad, or begins with amount; []: the event is only counted',
      }),
    ),
  },
  { additionalProperties: false },
);

export const Protocol = Type.Object(
  {
    id: Id,
    name: Text,
    category: Type.Enum(['dex', 'lending', 'token', 'staking', 'bridge', 'stablecoin']),
    website: Type.Optional(HttpUrl),
    status: Status,
    statusNote: Type.Optional(Type.String({ ...Text, description: 'Why; required unless the protocol is active' })),
    owner: Id,
    contracts: Type.Array(ProtocolContract, { minItems: 1, maxItems: 500 }),
    events: Type.Array(ProtocolEvent, { minItems: 1, maxItems: 100 }),
  },
  { additionalProperties: false, description: 'Contracts and the events to decode: catalog/protocols/<id>.yaml' },
);
export type Protocol = Static<typeof Protocol>;
