import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Platform } from './platform.ts';
import type { SourceChain } from './sources.ts';
import { compareRows, sumOf, type Verified } from './verified.ts';

/** A client of /ws that follows the blocks of all networks, and goes on where it was whenever its connection ends. */
export interface LiveFollower {
  /** Cuts its connection, as a network does: without a word. */
  cut(): void;
  /** Whether what it was told ends with the chain's newest block. */
  holdsHead(chain: SourceChain): Promise<boolean>;
  /** What it was told against the nodes, and how: by the rules of the protocol, and without a fresh start if it was not to need one. */
  verify(chains: readonly SourceChain[], options: { readonly mayStartAnew: boolean }): Promise<Verified>;
  /** How often it came back, and how many blocks it was told that left their chain again. */
  readonly resumed: number;
  readonly retracted: number;
  stop(): Promise<void>;
}

interface Followed {
  chainSeq: number;
  channelSeq: number;
  /** Hashes by number. */
  blocks: Map<number, string>;
  /** From here up every block was told. Below, only those that were filled in after the snapshot, which shows the newest alone. */
  completeFrom: number;
}

interface Told {
  readonly seq: number;
  readonly type: string;
  readonly network?: string;
  readonly channelSeq?: number;
  readonly chainSeq?: number;
  readonly previousChainSeq?: number;
  readonly reason?: string;
  readonly number?: number;
  readonly hash?: string;
  readonly blocks?: readonly { readonly number: number; readonly hash: string }[];
}

const pauseMs = 200;
const faultsMax = 10;

export function followLive({ analyticsUrl, name }: Platform): LiveFollower {
  const networks = new Map<string, Followed>();
  const faults: string[] = [];
  const startedAnew: string[] = [];
  let socket: WebSocket | undefined;
  let stopped = false;
  let resumed = 0;
  let retracted = 0;

  function fault(text: string): void {
    if (faults.length < faultsMax) faults.push(`${name}: /ws: ${text}`);
  }

  /** Resolves once the connection has ended. */
  async function connect(): Promise<void> {
    const own = new WebSocket(`${analyticsUrl.replace('http', 'ws')}/ws`);
    socket = own;
    let seq = 0;
    for (const each of networks.values()) each.channelSeq = 0;
    own.on('open', () => {
      const resume = Object.fromEntries([...networks].map(([network, { chainSeq }]) => [network, chainSeq]));
      own.send(JSON.stringify({ op: 'subscribe', channel: 'blocks', networks: ['*'], resume }));
    });
    own.on('message', (data) => {
      const told = JSON.parse(data.toString()) as Told;
      if (told.seq !== ++seq) fault(`message ${told.seq} came in the place of ${seq}`);
      take(told);
    });
    // It is closed after it, whatever it is.
    own.on('error', () => undefined);
    await new Promise((resolve) => own.on('close', resolve));
  }

  function take(told: Told): void {
    if (told.type === 'error') fault(JSON.stringify(told));
    const { network } = told;
    if (network === undefined) return;
    const followed = networks.get(network) ?? { chainSeq: 0, channelSeq: 0, blocks: new Map(), completeFrom: 0 };
    networks.set(network, followed);
    if (told.channelSeq !== ++followed.channelSeq)
      fault(`message ${told.channelSeq} of ${network} came in the place of ${followed.channelSeq}`);
    const { chainSeq = 0, previousChainSeq = Number.POSITIVE_INFINITY, number = -1, hash } = told;
    if (told.type === 'snapshot') {
      if (told.reason !== 'subscribed') startedAnew.push(`${network}: ${told.reason}`);
      followed.blocks = new Map(told.blocks?.map((block) => [block.number, block.hash]));
      followed.completeFrom = followed.blocks.size === 0 ? 0 : Math.min(...followed.blocks.keys());
      followed.chainSeq = chainSeq;
    } else if (told.type === 'resumed') {
      resumed += 1;
      if (chainSeq !== followed.chainSeq)
        fault(`${network} goes on from ${chainSeq}, and ${followed.chainSeq} was asked for`);
    } else if (['block', 'retracted', 'finalized'].includes(told.type)) {
      if (previousChainSeq > followed.chainSeq || chainSeq <= followed.chainSeq)
        fault(`change ${chainSeq} of ${network}, which follows ${previousChainSeq}, came after ${followed.chainSeq}`);
      followed.chainSeq = chainSeq;
      if (told.type === 'block') {
        if (followed.blocks.has(number))
          fault(`block ${number} of ${network} joined in the place of another that had not left`);
        followed.blocks.set(number, String(hash));
      }
      if (told.type === 'retracted' && followed.blocks.get(number) === hash) {
        retracted += 1;
        followed.blocks.delete(number);
      }
    }
  }

  const running = (async () => {
    while (!stopped) {
      await connect();
      if (!stopped) await sleep(pauseMs);
    }
  })();

  return {
    cut: () => socket?.terminate(),
    holdsHead: async ({ id, node }) => {
      const { number, hash } = await node.rpc<{ number: string; hash: string }>('eth_getBlockByNumber', [
        'latest',
        false,
      ]);
      return networks.get(id)?.blocks.get(Number(number)) === hash;
    },
    verify: async (chains, { mayStartAnew }) => {
      const parts: Verified[] = [];
      for (const { id, node } of chains) {
        const { blocks = new Map<number, string>(), completeFrom = 0 } = networks.get(id) ?? {};
        const held = [...blocks].sort(([a], [b]) => a - b);
        const [[from] = [0]] = held;
        const head = Number(await node.rpc<string>('eth_blockNumber'));
        const expected: object[] = [];
        for (let number = from; number <= head; number++) {
          if (number < completeFrom && !blocks.has(number)) continue;
          const block = await node.rpc<{ hash: string }>('eth_getBlockByNumber', [`0x${number.toString(16)}`, false]);
          expected.push({ number, hash: block.hash });
        }
        const rows = held.map(([number, hash]) => ({ number, hash }));
        parts.push(compareRows(`${name}: blocks of ${id} by /ws`, rows, expected));
      }
      const wrong = mayStartAnew
        ? faults
        : [...faults, ...startedAnew.map((each) => `${name}: /ws: began anew: ${each}`)];
      return sumOf([...parts, { rows: 0, lost: 0, doubled: 0, faults: wrong }]);
    },
    get resumed() {
      return resumed;
    },
    get retracted() {
      return retracted;
    },
    stop: async () => {
      stopped = true;
      socket?.terminate();
      await running;
    },
  };
}
