import { getAddress } from 'ethers/address';
import { suggest } from '../nearest.ts';
import { findEvent, isInteger } from '../protocol-event.ts';
import { at, type Rule } from '../rule.ts';
import { unknownNetwork } from './networks.ts';

export const protocolRules: readonly Rule[] = [
  {
    code: 'CAT060',
    rule: "a contract's network exists, and is an EVM network",
    why: 'its events would be looked for nowhere',
    *check(view) {
      for (const entry of view.of('protocol')) {
        for (const [index, { network }] of entry.value.contracts.entries()) {
          const path = ['contracts', index, 'network'];
          if (!view.isKnown('network', network)) yield unknownNetwork(view, entry, path, network);
          const kind = view.find('network', network)?.value.kind ?? 'evm';
          if (kind !== 'evm') {
            yield at(entry, path, `network "${network}" is ${kind}: it has no EVM contracts`, 'name an EVM network');
          }
        }
      }
    },
  },
  {
    code: 'CAT061',
    rule: 'a protocol in use has no contract on a retired network',
    why: 'dashboards would show an empty panel for ever',
    *check(view) {
      for (const entry of view.of('protocol')) {
        if (entry.value.status === 'retired') continue;
        for (const [index, { network }] of entry.value.contracts.entries()) {
          if (view.find('network', network)?.value.status !== 'retired') continue;
          const message = `network "${network}" is retired`;
          yield at(entry, ['contracts', index, 'network'], message, 'remove this contract, or retire the protocol');
        }
      }
    },
  },
  {
    code: 'CAT062',
    rule: 'the letters of an address have the case of its checksum (EIP-55)',
    why: 'it is what tells a mistyped address from a right one',
    *check(view) {
      for (const entry of view.of('protocol')) {
        for (const [index, { address }] of entry.value.contracts.entries()) {
          const right = getAddress(address.toLowerCase());
          if (right === address) continue;
          const message = `address ${address} does not have its checksum`;
          yield at(
            entry,
            ['contracts', index, 'address'],
            message,
            `compare it with its source; if it is right, write ${right}`,
          );
        }
      }
    },
  },
  {
    code: 'CAT063',
    rule: "an event's contract is one of the protocol's",
    why: 'the event would be decoded nowhere',
    *check(view) {
      for (const entry of view.of('protocol')) {
        const names = [...new Set(entry.value.contracts.map(({ name }) => name))];
        for (const [index, { contract }] of entry.value.events.entries()) {
          if (names.includes(contract)) continue;
          yield at(entry, ['events', index, 'contract'], `unknown contract "${contract}"`, suggest(contract, names));
        }
      }
    },
  },
  {
    code: 'CAT064',
    rule: 'an event signature is one that Solidity knows, and stands once',
    why: 'its hash is what logs are found by',
    *check(view) {
      for (const entry of view.of('protocol')) {
        const seen = new Set<string>();
        for (const [index, { contract, signature }] of entry.value.events.entries()) {
          const path = ['events', index, 'signature'];
          const event = findEvent(signature)?.format('sighash');
          if (event === undefined) {
            const fix = 'write it like: event Deposit(address indexed dst, uint256 wad)';
            yield at(entry, path, `"${signature}" is no event`, fix);
          } else if (seen.has(`${contract} ${event}`)) {
            yield at(entry, path, `${event} of ${contract} stands twice`, 'keep one of the two');
          } else seen.add(`${contract} ${event}`);
        }
      }
    },
  },
  {
    code: 'CAT065',
    rule: 'a contract is listed once',
    why: 'its events would be counted twice',
    *check(view) {
      for (const entry of view.of('protocol')) {
        const seen = new Set<string>();
        for (const [index, { network, address }] of entry.value.contracts.entries()) {
          const key = `${network} ${address.toLowerCase()}`;
          if (seen.has(key)) {
            const message = `${address} on ${network} stands twice`;
            yield at(entry, ['contracts', index, 'address'], message, 'keep one of the two');
          }
          seen.add(key);
        }
      }
    },
  },
  {
    code: 'CAT066',
    rule: "an event's amounts are integer parameters of its signature, each named once, and their assets its addresses",
    why: 'nothing else can be summed, and what is named twice would be counted twice',
    *check(view) {
      for (const entry of view.of('protocol')) {
        for (const [index, { signature, amounts = [] }] of entry.value.events.entries()) {
          const inputs = findEvent(signature)?.inputs;
          if (inputs === undefined) continue;
          const integers = inputs.filter(isInteger).map(({ name }) => name);
          const addresses = inputs.filter(({ type }) => type === 'address').map(({ name }) => name);
          for (const [number, { field, asset }] of amounts.entries()) {
            const path = ['events', index, 'amounts', number];
            if (!integers.includes(field)) {
              yield at(entry, [...path, 'field'], `no integer parameter "${field}"`, suggest(field, integers));
            } else if (amounts.findIndex((amount) => amount.field === field) < number) {
              yield at(entry, [...path, 'field'], `"${field}" stands twice`, 'keep one of the two');
            }
            if (asset !== undefined && !addresses.includes(asset)) {
              yield at(entry, [...path, 'asset'], `no address parameter "${asset}"`, suggest(asset, addresses));
            }
          }
        }
      }
    },
  },
];
