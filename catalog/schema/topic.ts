import Type, { type Static } from 'typebox';
import { Id, Text } from './common.ts';

/** A stream of the bus: one line of the table that producers, consumers, Kafka and the autoscaler agree on. */
export const Topic = Type.Object(
  {
    id: Type.String({
      pattern: '^[a-z][a-z0-9-]*(\\.[a-z][a-z0-9-]*)*$',
      maxLength: 100,
      examples: ['chain.blocks'],
      description: "Kafka's name of it",
    }),
    purpose: Text,
    owner: Id,
    pool: Type.String({ ...Id, description: 'Whose bus carries it' }),
    key: Type.String({
      pattern: '^[a-z][a-zA-Z]*$',
      maxLength: 40,
      description: 'What a record is keyed by: records of one key keep their order',
    }),
    partitions: Type.Integer({ minimum: 1, maximum: 1000, description: 'Kafka can add some, never take one away' }),
    cleanup: Type.Enum(['delete', 'compact'], { description: 'compact: the last record of each key stays for ever' }),
    retentionHours: Type.Optional(Type.Integer({ minimum: 1, maximum: 8760, description: 'Required with delete' })),
    retentionMiB: Type.Optional(
      Type.Integer({
        minimum: 64,
        maximum: 1_048_576,
        description: 'Of each partition: beyond it the oldest records go, whatever their age',
      }),
    ),
    maxRecordKiB: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536, description: 'Kafka: 1024 unless given' })),
    producers: Type.Array(Id, { minItems: 1, uniqueItems: true, description: 'Services that write it' }),
    consumers: Type.Array(Id, { uniqueItems: true, description: 'Services that read it, each as a group of its own' }),
  },
  { additionalProperties: false },
);
export type Topic = Static<typeof Topic>;

export const TopicFile = Type.Object(
  { topics: Type.Array(Topic, { maxItems: 500 }) },
  { additionalProperties: false, description: 'What the bus carries: catalog/topics.yaml' },
);
export type TopicFile = Static<typeof TopicFile>;
