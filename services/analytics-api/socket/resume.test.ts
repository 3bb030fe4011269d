import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSendBudget } from '../../runtime/socket/sender.ts';
import { liveCatalogOf } from '../../runtime/testing/live-catalog.ts';
import { type LiveChain, liveChainLimits, openLiveChain } from '../live/live-chain.ts';
import {
  createHandBus,
  createModelChain,
  type ModelChain,
  networkOf,
  noCandles,
  silent,
} from '../live/live-fixtures.ts';
import { createSession } from './session.ts';

const network = 'net_a';
const eventsMax = 12;

describe('resuming blocks', () => {
  it('leads every client to the canonical chain, on any replica, however it reads and is cut off', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepArbitrary, { minLength: 40, maxLength: 120, size: 'max' }), async (steps) => {
        const chain = createModelChain(network);
        const replicas = [await openReplica(chain, 0), await openReplica(chain, 0)];
        const client = createClient();
        for (const step of steps) {
          await run(step, chain, replicas, client);
          await settle();
        }
        chain.relay(Number.POSITIVE_INFINITY);
        if (!client.isConnected) client.connect(replicas[0] as Replica, true);
        for (const replica of replicas) await replica.deliver(Number.POSITIVE_INFINITY);
        await client.drain();
        client.disconnect();
        for (const replica of replicas) await replica.stop();

        const canonical = new Map(chain.model.blocks().map(({ number, hash }) => [number, hash]));
        for (const [number, hash] of client.blocks) expect([number, hash]).toEqual([number, canonical.get(number)]);
        const shown = [...canonical.keys()].filter((number) => number >= client.from);
        expect(shown.filter((number) => !client.blocks.has(number))).toEqual([]);
      }),
      { numRuns: 100, seed: 5 },
    );
  });
});

type Step =
  | { readonly kind: 'grow'; readonly count: number; readonly depth: number }
  | { readonly kind: 'fill'; readonly count: number }
  | { readonly kind: 'finalize'; readonly depth: number }
  | { readonly kind: 'relay'; readonly count: number; readonly again: number }
  | { readonly kind: 'deliver'; readonly replica: 0 | 1; readonly count: number }
  | { readonly kind: 'restart'; readonly replica: 0 | 1; readonly back: number }
  | { readonly kind: 'connect'; readonly replica: 0 | 1; readonly resume: boolean }
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'read'; readonly bytes: number };

const replicaArbitrary = fc.constantFrom(0 as const, 1 as const);
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('grow' as const),
      count: fc.integer({ min: 1, max: 4 }),
      depth: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 6 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fill' as const), count: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('finalize' as const), depth: fc.integer({ min: 0, max: 5 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('relay' as const),
      count: fc.integer({ min: 0, max: 8 }),
      again: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 4 })),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      replica: replicaArbitrary,
      count: fc.integer({ min: 1, max: 10 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      replica: replicaArbitrary,
      back: fc.integer({ min: 0, max: 10 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('connect' as const),
      replica: replicaArbitrary,
      resume: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('disconnect' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), bytes: fc.integer({ min: 1, max: 9000 }) }) },
);

async function run(step: Step, chain: ModelChain, replicas: Replica[], client: Client): Promise<void> {
  switch (step.kind) {
    case 'grow':
      return chain.grow(step.count, step.depth);
    case 'fill':
      return fill(chain, step.count);
    case 'finalize': {
      const at = chain.model.blocks().at(-1 - step.depth);
      return at === undefined ? undefined : chain.commit({ finalizedNumber: at.number });
    }
    case 'relay':
      return chain.relay(step.count, step.again);
    case 'deliver':
      return replicas[step.replica]?.deliver(step.count);
    case 'restart': {
      const before = replicas[step.replica] as Replica;
      if (client.replica === before) client.disconnect();
      await before.stop();
      replicas[step.replica] = await openReplica(chain, Math.max(0, chain.log.length - step.back));
      return;
    }
    case 'connect':
      return client.connect(replicas[step.replica] as Replica, step.resume);
    case 'disconnect':
      return client.disconnect();
    case 'read':
      return client.read(step.bytes);
  }
}

/** Blocks of the past, below the first one held. */
async function fill({ model, commit }: ModelChain, count: number): Promise<void> {
  const [first] = model.blocks();
  if (first === undefined) return;
  // Their hashes are what the first one names as its parents.
  const append = [];
  let hash = first.parentHash;
  for (let number = first.number - 1; number >= first.number - count; number--) {
    const parentHash = `0x${number.toString(16).padStart(64, 'b')}` as const;
    append.unshift({ ...first, number, hash, parentHash, timestamp: 1_700_000_000 + number });
    hash = parentHash;
  }
  await commit({ append });
}

interface Replica {
  readonly live: LiveChain;
  /** Gives it so many messages more of the log. */
  deliver(count: number): Promise<void>;
  stop(): Promise<void>;
}

async function openReplica(chain: ModelChain, from: number): Promise<Replica> {
  const { bus, give } = createHandBus();
  let place = from;
  const live = await openLiveChain({
    bus,
    reads: chain.reads,
    catalog: liveCatalogOf({ networks: [networkOf(network)] }),
    busHealth: async () => ({ ok: true }),
    clock: () => 0,
    log: silent,
    limits: { ...liveChainLimits, lookMs: 1_000_000, eventsMax },
  });
  return {
    live,
    deliver: async (count) => {
      const events = chain.log.slice(place, place + count);
      place += events.length;
      await give(events);
    },
    stop: () => live.stop(),
  };
}

interface Client {
  readonly blocks: ReadonlyMap<number, string>;
  /** The first block that it was shown. */
  readonly from: number;
  readonly isConnected: boolean;
  readonly replica: Replica | undefined;
  connect(replica: Replica, isResuming: boolean): void;
  disconnect(): void;
  read(bytes: number): void;
  drain(): Promise<void>;
}

/** Does with what it is told what the protocol says, and checks what that promises. */
function createClient(): Client {
  const blocks = new Map<number, string>();
  let from = 0;
  let seq: number | undefined;
  /** Whether what comes next must join what is there. */
  let isReset = true;
  let connection: { readonly replica: Replica; readonly stop: () => void } | undefined;
  let waiting: { readonly text: string; readonly onWritten: () => void }[] = [];
  let received = 0;

  function take(text: string): void {
    const message = JSON.parse(text);
    expect(message.seq).toBe(++received);
    switch (message.type) {
      case 'snapshot':
        blocks.clear();
        for (const { number, hash } of message.blocks) blocks.set(number, hash);
        from = message.blocks[0]?.number ?? 0;
        seq = message.chainSeq;
        isReset = false;
        return;
      case 'resumed':
        expect(message.chainSeq).toBe(seq);
        isReset = false;
        return;
      case 'reset':
        isReset = true;
        return;
      case 'block':
      case 'retracted':
      case 'finalized':
        expect([isReset, seq]).toEqual([false, expect.any(Number)]);
        expect(message.previousChainSeq).toBeLessThanOrEqual(seq as number);
        expect(message.chainSeq).toBeGreaterThan(seq as number);
        seq = message.chainSeq;
        if (message.type === 'block') blocks.set(message.number, message.hash);
        else if (message.type === 'retracted' && blocks.get(message.number) === message.hash)
          blocks.delete(message.number);
    }
  }

  function read(bytes: number): void {
    for (let left = bytes; left > 0; ) {
      const next = waiting.shift();
      if (next === undefined) return;
      left -= next.text.length;
      take(next.text);
      next.onWritten();
    }
  }

  function disconnect(): void {
    connection?.stop();
    connection = undefined;
    waiting = [];
  }

  return {
    blocks,
    get from() {
      return from;
    },
    get isConnected() {
      return connection !== undefined;
    },
    get replica() {
      return connection?.replica;
    },
    disconnect,
    read,
    connect: (replica, isResuming) => {
      disconnect();
      received = 0;
      isReset = true;
      const outlet = {
        get bufferedAmount() {
          return waiting.reduce((sum, { text }) => sum + text.length, 0);
        },
        send: (text: string, onWritten: () => void) => void waiting.push({ text, onWritten }),
        close: () => undefined,
        terminate: () => undefined,
      };
      const session = createSession(outlet, {
        chain: replica.live,
        candles: noCandles,
        catalog: liveCatalogOf({ networks: [networkOf(network)] }),
        clock: () => 0,
        limits: { bufferBytesMax: 2500, resumeBytes: 800, slowMs: 1_000_000 },
        budget: createSendBudget(500),
        count: { subscriptions: 0 },
      });
      connection = { replica, stop: () => session.stop() };
      const resume = isResuming && seq !== undefined ? { [network]: seq } : undefined;
      session.receive(JSON.stringify({ op: 'subscribe', channel: 'blocks', networks: [network], resume }));
    },
    drain: async () => {
      do {
        read(Number.POSITIVE_INFINITY);
        await settle();
      } while (waiting.length > 0);
    },
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
