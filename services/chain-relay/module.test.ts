import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ChainEvent, chainTopic, readBacklog } from '../datasets/chain/changes.ts';
import { buildChain, type ChainStores, openChainStores, openChainWriter } from '../datasets/chain/read-fixtures.ts';
import type { LiveCatalog } from '../runtime/live-catalog.ts';
import type { Bus, Message } from '../stores/bus.ts';
import { createEmbeddedBus } from '../stores/embedded/bus.ts';
import { seededRandom } from '../testing/seeded-random.ts';
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
    const relay = await createChainRelay({
      ...quiet(),
      relational: stores.relational,
      bus,
      catalog: catalogOf(network),
    });
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
    const relay = await createChainRelay({
      ...quiet(),
      relational: stores.relational,
      bus,
      catalog: catalogOf(network),
    });
    await expect
      .poll(() => relay.health?.())
      .toMatchObject({ ok: false, detail: expect.stringContaining('disk full') });
    expect(await backlogOf(network)).toBe(3);
    await expect.poll(() => received(network).length, { timeout: 90_000 }).toBe(3);
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
    const catalog = catalogOf(poisoned, other);
    const relay = await createChainRelay({ ...quiet(), relational: stores.relational, bus, catalog });
    await expect.poll(() => received(other).length).toBe(3);
    await relay.stop();
    expect(await backlogOf(poisoned)).toBe(3);
  });

  test('says no change before the one before it, however many relays share the outbox', async () => {
    const network = nextNetwork();
    const random = seededRandom(3);
    const { bus: inner, received } = await listeningBus();
    // Some are slow, some fail before and some after the bus has taken what they publish.
    const bus: Bus = {
      ...inner,
      publish: async (topic, messages) => {
        await sleep(random() * 20);
        if (random() < 0.1) throw new Error('lost before');
        for (const message of messages) {
          await inner.publish(topic, [message]);
          if (random() < 0.2) await sleep(random() * 5);
        }
        if (random() < 0.1) throw new Error('lost after');
      },
    };
    const { commit } = await openChainWriter(stores, network);
    const chain = buildChain(undefined, 300);
    const start = () =>
      createChainRelay({ ...quiet(), relational: stores.relational, bus, catalog: catalogOf(network) });
    const relays = [await start(), await start()];
    for (let from = 0; from < 300; from += 20) {
      await commit({ append: chain.slice(from, from + 20) });
      await sleep(random() * 100);
    }
    relays.push(await start());
    await expect.poll(() => backlogOf(network), { timeout: 90_000 }).toBe(0);
    for (const relay of relays) await relay.stop();
    let highest = 0;
    for (const { seq } of received(network)) {
      expect(seq).toBeLessThanOrEqual(highest + 1);
      highest = Math.max(highest, seq);
    }
    expect(highest).toBe(300);
  });

  test('leaves the networks of others to them, unless nobody serves them', async () => {
    const [own, other] = [nextNetwork(), nextNetwork()];
    const { bus, received } = await listeningBus();
    for (const network of [other, own])
      await (await openChainWriter(stores, network)).commit({ append: buildChain(undefined, 3) });
    const deps = { relational: stores.relational, bus, catalog: catalogOf(own) };
    const patient = await createChainRelay({ ...quiet(), ...deps, foreignPatienceMs: 3_600_000 });
    await expect.poll(() => received(own).length).toBe(3);
    await patient.stop();
    expect(received(other)).toEqual([]);
    const impatient = await createChainRelay({ ...quiet(), ...deps, foreignPatienceMs: 50 });
    await expect.poll(() => received(other).length, { timeout: 90_000 }).toBe(3);
    await impatient.stop();
  });

  test('stops at once', async () => {
    const { bus } = await listeningBus();
    const relay = await createChainRelay({ ...quiet(), relational: stores.relational, bus, catalog: catalogOf() });
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

function catalogOf(...ids: readonly string[]): Pick<LiveCatalog, 'current'> {
  return { current: () => ({ networks: ids.map((id) => ({ id })) }) as never };
}

function nextNetwork(): string {
  return `relay_${networks++}`;
}

async function backlogOf(network: string): Promise<number> {
  return (await readBacklog(stores.relational)).find((each) => each.network === network)?.changes ?? 0;
}
