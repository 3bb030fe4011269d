import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ChainEvent, chainTopic, readBacklog } from '../datasets/chain/changes.ts';
import { buildChain, type ChainStores, openChainStores, openChainWriter } from '../datasets/chain/read-fixtures.ts';
import type { Bus, Message } from '../stores/bus.ts';
import { createEmbeddedBus } from '../stores/embedded/bus.ts';
import { createChainRelay } from './module.ts';

let stores: ChainStores;
let networks = 0;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(createChainRelay, () => {
  test('publishes what is committed before and while it runs, in order, and empties the outbox', async () => {
    const network = nextNetwork();
    const { bus, received } = await listeningBus();
    const { commit } = await openChainWriter(stores, network);
    const chain = buildChain(undefined, 30);
    await commit({ append: chain.slice(0, 10) });
    const relay = await createChainRelay({ ...quiet(), relational: stores.relational, bus });
    for (let from = 10; from < 30; from += 5) await commit({ append: chain.slice(from, from + 5) });
    await expect.poll(() => received(network).length).toBe(30);
    await expect.poll(() => backlogOf(network)).toBe(0);
    await relay.stop();
    expect(received(network).map(({ seq }) => seq)).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
    expect(received(network).map((event) => event.kind === 'appended' && event.hash)).toEqual(
      chain.map(({ hash }) => hash),
    );
  });

  test('sends again what was not taken, and keeps it until it is', async () => {
    const network = nextNetwork();
    let refusals = 2;
    const { bus, received } = await listeningBus((message) => {
      if (message.key === network && refusals-- > 0) throw new Error('disk full');
    });
    const { commit } = await openChainWriter(stores, network);
    await commit({ append: buildChain(undefined, 3) });
    const relay = await createChainRelay({ ...quiet(), relational: stores.relational, bus });
    await expect
      .poll(() => relay.health?.())
      .toMatchObject({ ok: false, detail: expect.stringContaining('disk full') });
    expect(await backlogOf(network)).toBe(3);
    await expect.poll(() => received(network).length, { timeout: 5000 }).toBe(3);
    await expect.poll(() => relay.health?.()).toEqual({ ok: true });
    await relay.stop();
  });

  test('does not let one network whose changes are never taken hold up the others', async () => {
    const [poisoned, other] = [nextNetwork(), nextNetwork()];
    const { bus, received } = await listeningBus((message) => {
      if (message.key === poisoned) throw new Error('cannot be stored');
    });
    for (const network of [poisoned, other])
      await (await openChainWriter(stores, network)).commit({ append: buildChain(undefined, 3) });
    const relay = await createChainRelay({ ...quiet(), relational: stores.relational, bus });
    await expect.poll(() => received(other).length).toBe(3);
    await relay.stop();
    expect(await backlogOf(poisoned)).toBe(3);
  });

  test('stops at once', async () => {
    const { bus } = await listeningBus();
    const relay = await createChainRelay({ ...quiet(), relational: stores.relational, bus });
    const from = performance.now();
    await relay.stop();
    expect(performance.now() - from).toBeLessThan(5_000);
  });
});

/** A bus whose one consumer keeps what it took; `refuse` may throw. */
async function listeningBus(
  refuse: (message: Message) => void = () => undefined,
): Promise<{ bus: Bus; received(network: string): ChainEvent[] }> {
  const taken: Message[] = [];
  const { bus } = createEmbeddedBus();
  await bus.subscribe(chainTopic, 'test', async ({ messages }) => {
    for (const message of messages) refuse(message);
    taken.push(...messages);
  });
  return {
    bus,
    received: (network) => taken.filter(({ key }) => key === network).map(({ value }) => value as ChainEvent),
  };
}

function quiet() {
  return { log: pino({ level: 'silent' }), metrics: new Registry() };
}

function nextNetwork(): string {
  return `relay_${networks++}`;
}

async function backlogOf(network: string): Promise<number> {
  return (await readBacklog(stores.relational)).find((each) => each.network === network)?.changes ?? 0;
}
