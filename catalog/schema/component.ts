import Type, { type Static } from 'typebox';
import { Exceptions, Id, ResourceAmounts, Text } from './common.ts';

/** Software of others that clusters are run with, as a Helm chart of one fixed version. Which clusters get it follows from what runs there. */
export const Component = Type.Object(
  {
    id: Id,
    name: Text,
    purpose: Text,
    owner: Id,
    repo: Type.String({
      pattern: '^(https://|oci://)[a-z0-9.-]+(/[A-Za-z0-9._-]+)*$',
      maxLength: 200,
      examples: ['https://charts.jetstack.io'],
    }),
    chart: Type.String({ pattern: '^[a-z0-9][a-z0-9-]*$', maxLength: 63 }),
    version: Type.String({
      pattern: '^v?[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?$',
      maxLength: 40,
      description: 'One exact version: an upgrade is a merge request',
    }),
    namespace: Type.String({ ...Id, description: 'kube-system only for what stands in for a part of the cluster' }),
    requests: Type.Optional(
      Type.Object(ResourceAmounts.properties, {
        additionalProperties: false,
        description: "What its pods ask for on one cluster; without what a pool's workloads state",
      }),
    ),
    nodeRequests: Type.Optional(
      Type.Object(ResourceAmounts.properties, {
        additionalProperties: false,
        description: 'What its pods ask for on each node',
      }),
    ),
    exceptions: Type.Optional(Exceptions),
  },
  { additionalProperties: false },
);
export type Component = Static<typeof Component>;

export const ComponentFile = Type.Object(
  { components: Type.Array(Component, { maxItems: 100 }) },
  { additionalProperties: false, description: 'Operators and platform software: catalog/components.yaml' },
);
export type ComponentFile = Static<typeof ComponentFile>;
