import { isLoopback } from '../loopback.ts';
import { suggest } from '../nearest.ts';
import { at, clashes, type Finding, placeName, type Rule } from '../rule.ts';
import type { Network } from '../schema/network.ts';
import type { CatalogView, Entry } from '../view.ts';
import type { Path } from '../yaml.ts';

/** Chains that secure one of ours without being synced themselves. */
const settlementsElsewhere: readonly string[] = ['kusama'];

/**
 * Priorities the brief gives in each phase. Its headings say 8-10, 6-7 and 4-5; its own lists go from 6 to 10, from 5
 * to 7, and 4 (phase 3 is "and other emerging networks": lower is fine).
 */
export const phasePriorities: Readonly<Record<number, readonly [min: number, max: number]>> = {
  1: [6, 10],
  2: [5, 7],
  3: [1, 5],
};

export const networkRules: readonly Rule[] = [
  {
    code: 'CAT030',
    rule: 'an EVM network has a chain id, and only such a network has one',
    why: 'without it an endpoint that serves another chain goes unnoticed',
    *check(view) {
      for (const entry of view.of('network')) {
        const { id, kind, chainId } = entry.value;
        if (kind === 'evm' && chainId === undefined) {
          yield at(entry, ['kind'], `network "${id}" is evm without a chainId`, 'add "chainId:"');
        }
        if (kind !== 'evm' && chainId !== undefined) {
          const fix = `remove it ("networkId" holds the chain's own name), or set "kind: evm"`;
          yield at(entry, ['chainId'], `network "${id}" is ${kind}: a chainId is an EVM notion`, fix);
        }
      }
    },
  },
  {
    code: 'CAT031',
    rule: 'a chain id belongs to one network; its aliases may repeat it',
    why: 'one chain would be collected twice under two names',
    *check(view) {
      const originals = view.of('network').filter(({ value }) => value.aliasOf === undefined);
      for (const { first, second, key } of clashes(originals, ({ value }) => value.chainId?.toString())) {
        if (first.id === second.id) continue;
        const message = `chainId ${key} is already that of "${first.id}" (${placeName(first, ['chainId'])})`;
        yield at(second, ['chainId'], message, `correct it, or add "aliasOf: ${first.id}"`);
      }
      for (const entry of view.of('network')) {
        const { aliasOf, chainId } = entry.value;
        const original = aliasOf === undefined ? undefined : view.find('network', aliasOf)?.value;
        if (original !== undefined && original.chainId !== chainId) {
          const message = `chainId ${chainId ?? 'none'} is not that of "${original.id}" (${original.chainId ?? 'none'})`;
          yield at(entry, ['chainId'], message, `an alias has the chainId of its network`);
        }
      }
    },
  },
  {
    code: 'CAT032',
    rule: 'an alias stands for another network, and is retired',
    why: 'an alias that is synced is the same data twice',
    *check(view) {
      for (const entry of view.of('network')) {
        const { id, aliasOf, status } = entry.value;
        if (aliasOf === undefined) continue;
        if (aliasOf === id) yield at(entry, ['aliasOf'], `"${id}" is an alias of itself`, 'name the other network');
        else if (!view.isKnown('network', aliasOf)) yield unknownNetwork(view, entry, ['aliasOf'], aliasOf);
        else if (view.find('network', aliasOf)?.value.aliasOf !== undefined) {
          yield at(entry, ['aliasOf'], `"${aliasOf}" is an alias itself`, 'name the network that is synced');
        }
        if (status !== 'retired') {
          yield at(
            entry,
            ['status'],
            `alias "${id}" is ${status}`,
            'set "status: retired": its network is synced instead',
          );
        }
      }
    },
  },
  {
    code: 'CAT033',
    rule: 'a network settles on itself, on a network of the catalog, or on one known not to be in it',
    why: 'finality and the picture of layers follow this reference',
    *check(view) {
      for (const entry of view.of('network')) {
        const { id, settlement } = entry.value;
        if (settlement === 'self' || settlementsElsewhere.includes(settlement)) continue;
        if (settlement === id) yield at(entry, ['settlement'], `"${id}" settles on itself`, 'write "settlement: self"');
        else if (!view.isKnown('network', settlement)) {
          yield unknownNetwork(view, entry, ['settlement'], settlement, ['self', ...settlementsElsewhere]);
        }
      }
    },
  },
  {
    code: 'CAT034',
    rule: "a network's successor exists, and is not retired itself",
    why: 'readers of a retired network are sent there',
    *check(view) {
      for (const entry of view.of('network')) {
        const { id, successor } = entry.value;
        if (successor === undefined) continue;
        if (successor === id) yield at(entry, ['successor'], `"${id}" succeeds itself`, 'name the other network');
        else if (!view.isKnown('network', successor)) yield unknownNetwork(view, entry, ['successor'], successor);
        else if (view.find('network', successor)?.value.status === 'retired') {
          yield at(entry, ['successor'], `successor "${successor}" is retired`, 'name the network that is in use');
        }
      }
    },
  },
  {
    code: 'CAT035',
    rule: 'a network that is not retired has an RPC endpoint',
    why: 'it would be switched on and never synced',
    *check(view) {
      for (const entry of view.of('network')) {
        const { id, status, rpc } = entry.value;
        if (status === 'retired' || rpc.length > 0) continue;
        yield at(
          entry,
          ['rpc'],
          `network "${id}" is ${status} without an RPC endpoint`,
          'add one, or retire the network',
        );
      }
    },
  },
  {
    code: 'CAT036',
    rule: 'an endpoint is reached over TLS, unless it is on this machine',
    why: 'anyone on the way could feed us blocks',
    *check(view) {
      for (const entry of view.of('network')) {
        for (const [path, url] of endpointsOf(entry.value)) {
          const parsed = URL.parse(url);
          if (parsed === null) yield at(entry, path, `"${url}" is no URL`, 'correct it');
          else if (/^(http|ws):$/.test(parsed.protocol) && !isLoopback(parsed.hostname)) {
            // Not the whole address: a key may stand in it, and this line goes to logs and pages.
            yield at(
              entry,
              path,
              `${parsed.host} is reached without TLS`,
              `write ${parsed.protocol.replace(':', 's:')}//`,
            );
          }
        }
      }
    },
  },
  {
    code: 'CAT037',
    rule: 'an endpoint is listed once, and serves one network',
    why: 'one of two networks would be filled with the blocks of the other',
    *check(view) {
      const seen = new Map<string, Entry<'network'>>();
      for (const entry of view.of('network')) {
        for (const [index, { url }] of entry.value.rpc.entries()) {
          const key = url.toLowerCase().replace(/\/+$/, '');
          const first = seen.get(key);
          if (first === undefined) seen.set(key, entry);
          else if (first === entry || first.id !== entry.id) {
            const message = `${url} is already listed by "${first.id}" (${placeName(first, ['rpc'])})`;
            yield at(entry, ['rpc', index, 'url'], message, 'keep it at the network it serves');
          }
        }
      }
    },
  },
  {
    code: 'CAT038',
    rule: "a priority lies in the range the brief gives the network's phase",
    why: 'the threshold that switches a phase on would leave it out, or bring it forward',
    *check(view) {
      for (const entry of view.of('network')) {
        const { phase, priority } = entry.value;
        const [min, max] = phasePriorities[phase] ?? [1, 10];
        if (priority >= min && priority <= max) continue;
        const message = `priority ${priority} is outside phase ${phase} (${min} to ${max})`;
        yield { ...at(entry, ['priority'], message, 'correct the priority or the phase'), severity: 'warning' };
      }
    },
  },
  {
    code: 'CAT039',
    rule: 'a network that is not retired says when its blocks are final',
    why: 'without a tag or a depth no block would ever be safe from a reorg',
    *check(view) {
      for (const entry of view.of('network')) {
        const { id, status, finality } = entry.value;
        if (status === 'retired' || finality.tag !== undefined || finality.confirmations !== undefined) continue;
        const fix = 'give a tag (finalized) or a number of confirmations';
        yield at(entry, ['finality'], `network "${id}" never calls a block final`, fix);
      }
    },
  },
  {
    code: 'CAT040',
    rule: 'a network in use does not settle on a retired one',
    why: 'its finality would wait for blocks that never come',
    *check(view) {
      for (const entry of view.of('network')) {
        const { status, settlement } = entry.value;
        if (status === 'retired' || view.find('network', settlement)?.value.status !== 'retired') continue;
        yield at(
          entry,
          ['settlement'],
          `settlement "${settlement}" is retired`,
          'name the network it settles on today',
        );
      }
    },
  },
];

/** The finding for a reference to a network that is not there. */
export function unknownNetwork(
  view: CatalogView,
  entry: Entry,
  path: Path,
  id: string,
  others: readonly string[] = [],
): Finding {
  return at(entry, path, `unknown network "${id}"`, suggest(id, [...others, ...view.ids('network')]));
}

function endpointsOf(network: Network): [Path, string][] {
  return [
    ...network.rpc.map(({ url }, index): [Path, string] => [['rpc', index, 'url'], url]),
    ...(network.rpcWs ?? []).map((url, index): [Path, string] => [['rpcWs', index], url]),
    ...(network.rest ?? []).map((url, index): [Path, string] => [['rest', index], url]),
  ];
}
