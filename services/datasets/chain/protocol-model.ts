import { Interface, type LogDescription } from 'ethers';
import { amountsOf, findEvent } from '../../../catalog/protocol-event.ts';
import type { Protocol } from '../../../catalog/schema/protocol.ts';
import type { BlockAppended, LogAppended, TxAppended } from './changes.ts';
import type { ProtocolVolume, ProtocolWindow } from './read-protocols.ts';

/** What is to be read of the windows of a canonical chain, in the plainest way: ethers and BigInt, block by block. For tests. */
export function modelWindows(
  protocols: readonly Protocol[],
  network: string,
  blocks: readonly BlockAppended[],
  seconds: number,
  starts: readonly number[],
): { windows: Omit<ProtocolWindow, 'version' | 'isCurrent'>[]; volumes: ProtocolVolume[] } {
  const windows: Omit<ProtocolWindow, 'version' | 'isCurrent'>[] = [];
  const volumes: ProtocolVolume[] = [];
  const found = protocols.filter(({ contracts }) => contracts.some((contract) => contract.network === network));
  for (const protocol of found.sort((a, b) => (a.id < b.id ? -1 : 1))) {
    for (const start of starts) {
      const inWindow = blocks.filter(({ timestamp }) => timestamp >= start && timestamp < start + seconds);
      const { window, sums } = modelWindow(protocol, network, inWindow);
      windows.push({ protocol: protocol.id, network, start, ...window });
      const keys = [...sums.keys()].sort();
      for (const key of keys) {
        const { count, positive, negative } = sums.get(key) ?? { count: 0, positive: 0n, negative: 0n };
        const [contract = '', address = '', event = '', field = '', asset = ''] = key.split('\0');
        volumes.push({
          ...{ protocol: protocol.id, network, start, contract, address, event, count },
          ...{ field: field === '' ? null : field, asset: asset === '' ? null : asset },
          ...{ positive: positive.toString(), negative: negative.toString() },
        });
      }
    }
  }
  return { windows, volumes };
}

interface Sum {
  count: number;
  positive: bigint;
  negative: bigint;
}

function modelWindow(protocol: Protocol, network: string, blocks: readonly BlockAppended[]) {
  const contracts = new Map(
    protocol.contracts
      .filter((contract) => contract.network === network)
      .map(({ address, name }) => [address.toLowerCase(), name]),
  );
  const users = new Set<string>();
  const sums = new Map<string, Sum>();
  const undecoded: Record<string, number> = {};
  let [calls, failedCalls, logs, events] = [0, 0, 0, 0];
  for (const block of blocks) {
    for (const tx of block.txs) {
      if (!contracts.has(tx.recipient ?? '')) continue;
      calls++;
      if (tx.status === 0) failedCalls++;
      users.add(tx.sender);
    }
    for (const log of block.logs) {
      const contract = contracts.get(log.address);
      if (contract === undefined) continue;
      logs++;
      users.add((block.txs.find(({ index }) => index === log.txIndex) as TxAppended).sender);
      const entry = protocol.events.find(
        (event) => event.contract === contract && findEvent(event.signature)?.topicHash === log.topics[0],
      );
      if (entry === undefined) continue;
      const decoded = decode(entry.signature, log);
      if (decoded === undefined) {
        undecoded.any = (undecoded.any ?? 0) + 1;
        continue;
      }
      events++;
      const amounts: readonly { field: string; asset?: string }[] = amountsOf(decoded.fragment, entry);
      for (const { field, asset } of amounts.length > 0 ? amounts : [{ field: '' }]) {
        const value = field === '' ? 0n : (decoded.args.getValue(field) as bigint);
        const of = asset === undefined ? '' : (decoded.args.getValue(asset) as string).toLowerCase();
        const key = [contract, log.address, decoded.name, field, of].join('\0');
        const sum = sums.get(key) ?? { count: 0, positive: 0n, negative: 0n };
        sum.count++;
        if (value < 0n) sum.negative -= value;
        else sum.positive += value;
        sums.set(key, sum);
      }
    }
  }
  return { window: { calls, failedCalls, users: users.size, logs, events, undecoded }, sums };
}

/** As ethers decodes it; undefined if it does not, also where it would only do so when a parameter is looked at. */
export function decode(
  signature: string,
  { topics, data }: Pick<LogAppended, 'topics' | 'data'>,
): LogDescription | undefined {
  const indexed = findEvent(signature)?.inputs.filter((input) => input.indexed === true).length ?? 0;
  if (topics.length !== indexed + 1) return undefined;
  try {
    const decoded = new Interface([signature]).parseLog({ topics: [...topics], data });
    decoded?.args.toArray(true);
    return decoded ?? undefined;
  } catch {
    return undefined;
  }
}
