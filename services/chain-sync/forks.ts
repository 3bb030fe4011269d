import type { Logger } from 'pino';
import type { Interval } from '../datasets/chain/intervals.ts';
import type { EvmReader } from './evm/evm-reader.ts';
import type { Header } from './evm/parse-block.ts';
import type { HeldChain } from './held-chain.ts';
import type { Endpoint } from './rpc/endpoint.ts';
import { EndpointFault, type FaultKind } from './rpc/fault.ts';

/** Where an endpoint's chain parts from ours, and which of the two gives way. */
export interface Forks {
  /**
   * The endpoint's chain is not ours at our tip: finds the last common block and replaces what is above it, in one commit.
   * A fork below a final block, or from another genesis, is no reorg but another chain: the endpoint is refused.
   * In a turn. True when there is more to read.
   */
  reorganise(head: Header, endpoint: Endpoint): Promise<boolean>;
  /** An interval that ends below the rest may end in blocks that were orphaned while we were away: they go. In a turn. */
  dropStaleTop(below: Interval, endpoint: Endpoint): Promise<void>;
  /** Writes down at an endpoint what only we could see. Returns the fault, to be thrown. */
  blame(endpoint: Endpoint, kind: FaultKind, message: string): EndpointFault;
  /** The same, of a chain that ends too early. */
  behindFinality(endpoint: Endpoint, head: Header): EndpointFault;
}

/** A fork that is deeper, on a chain that tells no finality, is no reorg but another chain. */
const forkDepthMax = 10_000;
const forkStepMax = 128;

export function createForks({
  network,
  held,
  reader,
  log,
  blocksPerCommitMax,
}: {
  readonly network: string;
  readonly held: HeldChain;
  readonly reader: EvmReader;
  readonly log: Logger;
  readonly blocksPerCommitMax: number;
}): Forks {
  async function reorganise(head: Header, endpoint: Endpoint): Promise<boolean> {
    await reader.verify(endpoint);
    const live = held.cursor().synced.at(-1);
    if (live === undefined) return false;
    const finalized = held.cursor().finalizedNumber ?? -1;
    const floor = Math.max(live.from, finalized, live.to - forkDepthMax);
    const common = head.number < floor ? undefined : await findCommon(endpoint, { from: floor, to: live.to });
    if (common === undefined) {
      if (floor === finalized && head.number < floor) throw behindFinality(endpoint, head);
      if (floor === finalized) {
        throw blame(
          endpoint,
          'wrong_chain',
          `its block ${floor} is not the one that was final here: another chain, or one that broke its finality`,
        );
      }
      if (floor > live.from)
        throw blame(endpoint, 'wrong_chain', `it shares none of our last ${forkDepthMax} blocks: another chain`);
      log.warn({ network, ...live }, 'reorg replaced everything held above the last gap');
      await held.commit({ retract: live });
      return true;
    }
    const from = common + 1;
    const to = Math.min(head.number, common + blocksPerCommitMax);
    const blocks = from <= to ? await reader.readTop(endpoint, { from, to }) : [];
    // The chain moved on while we read it: the next poll starts from what is true then.
    if (blocks[0] !== undefined && blocks[0].parentHash !== (await held.findHash(common))) return false;
    const depth = live.to - common;
    await held.commit({ retract: depth > 0 ? { from, to: live.to } : undefined, append: blocks });
    if (depth > 0) log.info({ network, endpoint: endpoint.host, depth, common }, 'reorg');
    return to < head.number;
  }

  /** The highest block of a held range that the endpoint has too, searched downwards in growing steps; undefined when it has none. */
  async function findCommon(endpoint: Endpoint, range: Interval): Promise<number | undefined> {
    let step = 8;
    for (let to = range.to; to >= range.from; step = Math.min(forkStepMax, step * 2)) {
      const from = Math.max(range.from, to - step + 1);
      const numbers = Array.from({ length: to - from + 1 }, (_, at) => to - at);
      const ours = await held.readHashes({ from, to });
      const theirs = await reader.readHeaders(endpoint, numbers);
      const common = numbers.find((number, at) => theirs[at] !== undefined && theirs[at].hash === ours.get(number));
      if (common !== undefined) return common;
      if (from === range.from && theirs.at(-1) === undefined) {
        throw blame(endpoint, 'missing', `it has no block ${from}, so where its chain forks cannot be told`);
      }
      to = from - 1;
    }
    return undefined;
  }

  async function dropStaleTop(below: Interval, endpoint: Endpoint): Promise<void> {
    await reader.verify(endpoint);
    const common = await findCommon(endpoint, below);
    const retract = { from: common === undefined ? below.from : common + 1, to: below.to };
    if (retract.from > retract.to) return;
    log.info({ network, ...retract }, 'dropping blocks that were orphaned while the network was not followed');
    await held.commit({ retract });
  }

  function behindFinality(endpoint: Endpoint, head: Header): EndpointFault {
    const { finalizedNumber } = held.cursor();
    return blame(
      endpoint,
      'missing',
      `its chain ends at block ${head.number}, below the final block ${finalizedNumber}`,
    );
  }

  function blame(endpoint: Endpoint, kind: FaultKind, message: string): EndpointFault {
    const fault = new EndpointFault(kind, message);
    reader.blame(endpoint, fault);
    return fault;
  }

  return { reorganise, dropStaleTop, blame, behindFinality };
}
