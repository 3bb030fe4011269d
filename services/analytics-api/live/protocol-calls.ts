import type { Catalog } from '../../../catalog/schema/catalog.ts';
import type { BlockAppended } from '../../datasets/chain/changes.ts';
import { inner } from './texts.ts';

/** Of each network: which protocols of the catalog an address is of. Addresses in lower case. */
export type ProtocolAddresses = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

export function protocolAddressesOf({ protocols }: Pick<Catalog, 'protocols'>): ProtocolAddresses {
  const networks = new Map<string, Map<string, string[]>>();
  for (const { id, contracts } of protocols) {
    for (const { network, address } of contracts) {
      const addresses = networks.get(network) ?? new Map<string, string[]>();
      networks.set(network, addresses);
      const own = addresses.get(address.toLowerCase()) ?? [];
      if (!own.includes(id)) own.push(id);
      addresses.set(address.toLowerCase(), own);
    }
  }
  return networks;
}

interface Use {
  readonly protocol: string;
  /** Transactions sent to one of its contracts. */
  calls: number;
  failedCalls: number;
  /** Logs that its contracts wrote. */
  events: number;
  /** The same by their first topic; logs without one are in `events` alone. */
  readonly topics: Record<string, number>;
}

/** What a block did with each protocol that it touched, by id; undefined when it touched none. JSON without its braces. */
export function protocolsText(
  event: BlockAppended,
  addresses: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const uses = new Map<string, Use>();
  const usesAt = (address: string): Use[] =>
    (addresses.get(address) ?? []).map((protocol) => {
      const use = uses.get(protocol) ?? { protocol, calls: 0, failedCalls: 0, events: 0, topics: {} };
      uses.set(protocol, use);
      return use;
    });
  for (const { recipient, status } of event.txs) {
    if (recipient === null) continue;
    for (const use of usesAt(recipient)) {
      use.calls += 1;
      if (status === 0) use.failedCalls += 1;
    }
  }
  for (const { address, topics } of event.logs) {
    for (const use of usesAt(address)) {
      use.events += 1;
      const [topic] = topics;
      if (topic !== undefined) use.topics[topic] = (use.topics[topic] ?? 0) + 1;
    }
  }
  if (uses.size === 0) return undefined;
  const protocols = [...uses.values()].sort((a, b) => (a.protocol < b.protocol ? -1 : 1));
  const { seq, number, hash, timestamp } = event;
  return inner({ chainSeq: seq, number, hash, timestamp, protocols });
}
