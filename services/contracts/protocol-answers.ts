import Type, { type Static } from 'typebox';
import { Status } from '../../catalog/schema/common.ts';
import { Protocol } from '../../catalog/schema/protocol.ts';
import { BucketAnswer, networkLabel, SpanAnswer, spanFreshness } from './analytics-answers.ts';
import { Address, Count, closed, Nullable, OneOf, Text, UnixSeconds, WholeDecimal } from './schema.ts';

// What /api/v1/analytics/protocols answers with.

/** What adds up. */
const uses = {
  calls: Count('Transactions sent to one of its contracts, failed ones included'),
  failedCalls: Count('Those of them whose receipt has status 0'),
  logs: Count('Event logs of its contracts'),
  events: Count('Those of them that the catalog names, decoded'),
};
const undecoded = Type.Record(Type.String(), Type.Integer({ minimum: 0 }), {
  description:
    'Logs that the catalog names and that could not be decoded, by reason: topics, data, value, tail. Empty when all could',
});

const VolumeAnswer = Type.Object(
  {
    contract: Text('The contract, by its name in the catalog'),
    address: Address('Where it is'),
    event: Text('The event'),
    field: Nullable(Text('The parameter that is summed; null for an event that is only counted')),
    asset: Nullable(Address("The token that the event names as what the amount is of; null: the contract's own units")),
    count: Count('Events'),
    positive: WholeDecimal('Sum of the values above 0, exact'),
    negative: WholeDecimal('Sum of the values below 0, without the sign'),
  },
  { ...closed, description: 'One amount of one event of one contract' },
);

const ProtocolBucket = Type.Object(
  {
    start: UnixSeconds('Its start'),
    ...uses,
    undecoded,
    users: Count(
      'Different senders of the calls, and of the transactions in which one of its contracts emitted a log. The same ones may be in several buckets: they do not add up',
    ),
  },
  { ...closed, description: 'What happened in a minute, an hour or a day' },
);

const ProtocolOnNetwork = Type.Object(
  {
    network: Text('The network, by its own id; how fresh it is stands in `networks`'),
    figures: Nullable(
      Type.Object(
        {
          ...uses,
          undecoded,
          newest: UnixSeconds('The start of the newest minute (1h, 24h), hour (7d) or day (30d) counted'),
          isCurrent: Type.Boolean({
            description:
              'All of it was counted by what the catalog says of the protocol now. False while a change of it is being worked through',
          }),
        },
        {
          ...closed,
          description:
            'Over the span; null where nothing was counted: no block is held, or the protocol was retired before',
        },
      ),
    ),
    volumes: Nullable(
      Type.Array(VolumeAnswer, {
        description:
          'Over the span, by contract, address, event, field and asset. Null where neither a protocol nor a network is named',
      }),
    ),
    buckets: Nullable(
      Type.Array(ProtocolBucket, {
        description:
          'Those that share time with the span, oldest first; the first may begin before it. Null where neither a protocol nor a network is named',
      }),
    ),
  },
  closed,
);

export const ProtocolAnswer = Type.Object(
  {
    protocol: Text('The protocol, by its id'),
    name: Text('For people'),
    category: OneOf(Protocol.properties.category.enum, { description: 'What it is' }),
    status: OneOf(Status.enum, { description: 'retired: kept as history, not counted any more' }),
    totals: Nullable(
      Type.Object(
        {
          networks: Count('Networks added up: those with figures whose asOf is not older than the window is long'),
          ...uses,
        },
        { ...closed, description: 'Over all networks of the answer; null where none is added up' },
      ),
    ),
    networks: Type.Array(ProtocolOnNetwork, { description: 'Those on which it has a contract, by id' }),
  },
  { ...closed, description: 'A protocol of the catalog, and what was done with it' },
);
export type ProtocolAnswer = Static<typeof ProtocolAnswer>;

export const ProtocolsAnswer = Type.Object(
  {
    window: SpanAnswer,
    bucket: BucketAnswer('neither a protocol nor a network is named'),
    networks: Type.Array(Type.Object({ ...spanFreshness, ...networkLabel }, closed), {
      description: 'Those on which one of the protocols has a contract, by id',
    }),
    protocols: Type.Array(ProtocolAnswer, { description: 'By id' }),
  },
  closed,
);
export type ProtocolsAnswer = Static<typeof ProtocolsAnswer>;
