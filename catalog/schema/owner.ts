import Type, { type Static } from 'typebox';
import { Id, SecretKey, Text } from './common.ts';

export const Owner = Type.Object(
  {
    id: Id,
    name: Text,
    purpose: Text,
    contact: Type.String({ format: 'email', maxLength: 254 }),
    notify: Type.Object(
      {
        channel: Type.String({
          pattern: '^[a-z][a-z0-9-]*$',
          maxLength: 64,
          description: 'Alert receiver of this owner',
        }),
        secretRef: Type.String({ ...SecretKey, description: '<secret>/<key> of its webhook address' }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type Owner = Static<typeof Owner>;

export const OwnerFile = Type.Object(
  { owners: Type.Array(Owner, { minItems: 1, maxItems: 100 }) },
  { additionalProperties: false, description: 'Who answers for what: catalog/owners.yaml' },
);
export type OwnerFile = Static<typeof OwnerFile>;
