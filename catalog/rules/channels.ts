import { at, clashes, placeName, type Rule } from '../rule.ts';
import { unknownNetwork } from './networks.ts';

export const channelRules: readonly Rule[] = [
  {
    code: 'CAT050',
    rule: 'a handle of a platform is one channel',
    why: 'its messages would be counted twice; platforms do not tell upper from lower case',
    *check(view) {
      const keyOf = ({ value }: { value: { platform: string; handle: string } }) =>
        `${value.platform}/${value.handle.toLowerCase()}`;
      for (const { first, second } of clashes(view.of('channel'), keyOf)) {
        const { platform, handle } = second.value;
        const message = `${platform} channel "${handle}" is already "${first.id}" (${placeName(first, ['handle'])})`;
        yield at(second, ['handle'], message, 'keep one, and list its networks there');
      }
    },
  },
  {
    code: 'CAT051',
    rule: "a channel's networks exist",
    why: 'its messages would count for nothing',
    *check(view) {
      for (const entry of view.of('channel')) {
        for (const [index, network] of entry.value.networks.entries()) {
          if (!view.isKnown('network', network)) yield unknownNetwork(view, entry, ['networks', index], network);
        }
      }
    },
  },
  {
    code: 'CAT052',
    rule: 'a channel in use speaks about a network in use',
    why: 'requests are spent on a project that has ended',
    *check(view) {
      for (const entry of view.of('channel')) {
        const { status, networks } = entry.value;
        if (status === 'retired' || networks.length === 0) continue;
        const retired = networks.every((id) => view.find('network', id)?.value.status === 'retired');
        if (!retired) continue;
        const message = `channel "${entry.id}" is ${status}, but ${networks.join(', ')} is retired`;
        yield at(entry, ['status'], message, 'retire it as well, or name a network in use');
      }
    },
  },
  {
    code: 'CAT053',
    rule: 'a private channel refers to its credentials',
    why: 'nobody but a member can read it',
    *check(view) {
      for (const entry of view.of('channel')) {
        const { visibility, secretRef } = entry.value;
        if (visibility === 'private' && secretRef === undefined) {
          yield at(entry, ['visibility'], `channel "${entry.id}" is private without a secretRef`, 'add "secretRef:"');
        }
      }
    },
  },
  {
    code: 'CAT054',
    rule: 'a GitHub handle is <owner>/<repository>; elsewhere it is one word',
    why: 'the platform would answer 404 for ever',
    *check(view) {
      for (const entry of view.of('channel')) {
        const { platform, handle } = entry.value;
        if (handle.includes('/') === (platform === 'github')) continue;
        const fix = platform === 'github' ? 'write <owner>/<repository>' : 'write the name alone';
        yield at(entry, ['handle'], `"${handle}" is no handle of ${platform}`, fix);
      }
    },
  },
];
