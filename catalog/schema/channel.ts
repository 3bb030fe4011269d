import Type, { type Static } from 'typebox';
import { Id, NetworkId, SecretKey, Status, Text } from './common.ts';

const ChannelPlatform = Type.Enum(['github', 'telegram', 'twitter']);

export const Channel = Type.Object(
  {
    id: Id,
    name: Text,
    platform: ChannelPlatform,
    handle: Type.String({
      pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)?$',
      maxLength: 140,
      description: 'As the platform spells it, without @: 0xPolygon; on GitHub <owner>/<repository>',
    }),
    visibility: Type.Enum(['public', 'private']),
    language: Type.Optional(Type.String({ pattern: '^[a-z]{2}$', description: 'ISO 639-1' })),
    networks: Type.Array(NetworkId, { uniqueItems: true, maxItems: 100, description: 'What it speaks about' }),
    status: Status,
    statusNote: Type.Optional(Type.String({ ...Text, description: 'Why; required unless the channel is active' })),
    secretRef: Type.Optional(
      Type.String({ ...SecretKey, description: 'Credentials of a private channel: <secret>/<key>' }),
    ),
    owner: Id,
  },
  { additionalProperties: false, description: 'A public or private feed we follow: catalog/channels/<id>.yaml' },
);
export type Channel = Static<typeof Channel>;
