import Type, { type Static } from 'typebox';
import { Decimal, Id, Text } from './common.ts';

const PlanFeature = Type.Enum([
  'basic-analytics',
  'advanced-analytics',
  'forecasts',
  'realtime',
  'priority-support',
  'custom-integrations',
]);

export const Plan = Type.Object(
  {
    id: Id,
    name: Text,
    price: Type.Object(
      {
        amount: Type.String({ ...Decimal, description: 'As text: 29.99' }),
        currency: Type.Enum(['USD']),
        every: Type.Enum(['month']),
      },
      { additionalProperties: false },
    ),
    limits: Type.Object(
      {
        channels: Type.Optional(Type.Integer({ minimum: 0, description: 'Left out: no limit' })),
        requestsPerMinute: Type.Optional(Type.Integer({ minimum: 1, description: 'Left out: no limit' })),
      },
      { additionalProperties: false },
    ),
    features: Type.Array(PlanFeature, { uniqueItems: true }),
    owner: Id,
  },
  { additionalProperties: false },
);
export type Plan = Static<typeof Plan>;

export const PlanFile = Type.Object(
  { plans: Type.Array(Plan, { minItems: 1, maxItems: 20 }) },
  { additionalProperties: false, description: 'What is sold: catalog/plans.yaml' },
);
export type PlanFile = Static<typeof PlanFile>;
