import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RetryableError } from '../../runtime/errors.ts';
import { kafkaMissing } from '../../testing/kafka/kafka-jars.ts';
import { type KafkaServer, startKafka } from '../../testing/kafka/kafka-server.ts';
import type { Bus } from '../bus.ts';
import { until } from '../contract.ts';
import { openKafkaBusForTest, topicForTest } from '../testing/kafka-bus.ts';

const missing = kafkaMissing();
/** Members and brokers that are killed are given up after some seconds, and those who wait for them wait ever longer. */
const patienceMs = 150_000;

const name = `the bus on Kafka under faults${missing === undefined ? '' : ` (${missing})`}`;
describe.skipIf(missing !== undefined)(name, { timeout: 200_000 }, () => {
  let kafka: KafkaServer;
  let network: Network;
  beforeAll(async () => {
    network = await openNetwork();
    // Clients find the broker where it says that it is.
    kafka = await startKafka({ properties: { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${network.port}` } });
    network.target = kafka.port;
  });
  afterAll(async () => {
    await kafka?.stop();
    network?.close();
  });

  it('gives what a killed process had in hand to the next one, and nothing that it had done', async () => {
    const topic = topicForTest({ partitions: 1 });
    const { part: bus, stop } = await openKafkaBusForTest(kafka.brokers, [topic]);
    const program = path.join(import.meta.dirname, '../testing/bus-member.ts');
    const args = [
      '--broker',
      kafka.brokers[0] ?? '',
      '--topic',
      JSON.stringify(topic),
      '--group',
      'one',
      '--stuckAt',
      '5',
    ];
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const first: number[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => first.push(Number(line)));
    for (let n = 0; n < 5; n++) await bus.publish(topic.id, [{ key: 'a', value: n }]);
    await until(() => first.includes(4), patienceMs);
    // The commit of what it has done follows at once; what follows that, it is stuck on.
    await delay(1_000);
    for (let n = 5; n < 10; n++) await bus.publish(topic.id, [{ key: 'a', value: n }]);
    await until(() => first.includes(5), patienceMs);
    child.kill('SIGKILL');
    await once(child, 'exit');

    const second: unknown[] = [];
    await bus.subscribe(
      topic.id,
      'one',
      async ({ messages }) => void second.push(...messages.map(({ value }) => value)),
    );
    await until(() => second.length === 5, patienceMs);
    expect(second).toEqual([5, 6, 7, 8, 9]);
    await stop();
  });

  it('is there before the broker, says so, and has what waits join when it comes', async () => {
    const topic = topicForTest({ partitions: 2 });
    await kafka.kill();
    const { part: bus, stop, health } = await openKafkaBusForTest(kafka.brokers, [topic]);
    expect(await health()).toMatchObject({ ok: false, detail: expect.stringContaining('connecting to 127.0.0.1') });
    await expect(bus.publish(topic.id, [{ key: 'a', value: 0 }])).rejects.toBeInstanceOf(RetryableError);
    const [taken, followed]: [number[], number[]] = [[], []];
    await bus.subscribe(topic.id, 'one', async ({ messages }) => void taken.push(...messages.map(numberOf)));
    await bus.follow(topic.id, 'two', async ({ messages }) => void followed.push(...messages.map(numberOf)), {
      sinceMs: 60_000,
    });
    await kafka.restart();
    const publish = (): Promise<boolean> =>
      bus.publish(topic.id, [{ key: 'a', value: 1 }]).then(
        () => true,
        () => false,
      );
    await until(publish, patienceMs);
    await until(() => taken.includes(1) && followed.includes(1), patienceMs);
    await until(async () => (await health()).ok, patienceMs);
    await stop();
  });

  it('loses nothing and keeps the order when the broker is killed and comes back', async () => {
    const topic = topicForTest({ partitions: 2 });
    const { part: bus, stop, health } = await openKafkaBusForTest(kafka.brokers, [topic]);
    const [seen, followed]: [number[], number[]] = [[], []];
    await bus.subscribe(topic.id, 'one', async ({ messages }) => void seen.push(...messages.map(numberOf)));
    await bus.follow(topic.id, 'two', async ({ messages }) => void followed.push(...messages.map(numberOf)));
    const publisher = publishAll(bus, topic.id, 60, 50);
    await until(() => seen.length > 5, patienceMs);
    await kafka.kill();
    await until(async () => !(await health()).ok, patienceMs);
    const away = await bus.publish(topic.id, [{ key: 'b', value: -1 }]).catch((error: unknown) => error);
    expect(away).toBeInstanceOf(RetryableError);
    await kafka.restart();
    expect((await publisher).failures).toBeGreaterThan(0);
    for (const values of [seen, followed]) {
      await until(() => new Set(values.filter((n) => n >= 0)).size === 60, patienceMs);
      expect([...new Set(values.filter((n) => n >= 0))]).toEqual(numbers(60));
    }
    await until(async () => (await health()).ok, patienceMs);
    await stop();
  });

  it('loses nothing and keeps the order on a network that cuts connections', async () => {
    const topic = topicForTest({ partitions: 2 });
    const { part: bus, stop } = await openKafkaBusForTest(kafka.brokers, [topic]);
    const seen: number[] = [];
    await bus.subscribe(topic.id, 'one', async ({ messages }) => void seen.push(...messages.map(numberOf)));
    let isCutting = true;
    const cutting = (async () => {
      while (isCutting) {
        await delay(300 + Math.random() * 300);
        network.cut();
      }
    })();
    await publishAll(bus, topic.id, 300, 5);
    isCutting = false;
    await cutting;
    await until(() => new Set(seen).size === 300, patienceMs);
    expect([...new Set(seen)]).toEqual(numbers(300));
    await stop();
  });

  it('publishes what follows a request whose answer was lost', async () => {
    const topic = topicForTest({ partitions: 1 });
    const { part: bus, stop } = await openKafkaBusForTest(kafka.brokers, [topic]);
    const seen: number[] = [];
    await bus.publish(topic.id, [{ key: 'a', value: 0 }]);
    network.isMute = true;
    // It arrives, and nobody hears of it.
    const lost = bus.publish(topic.id, [{ key: 'a', value: 1 }]).catch((error: unknown) => error);
    await delay(500);
    network.isRefusing = true;
    network.cut();
    expect(await lost).toBeInstanceOf(RetryableError);
    network.isRefusing = false;
    network.isMute = false;
    await bus.publish(topic.id, [{ key: 'a', value: 2 }]);
    await bus.subscribe(topic.id, 'one', async ({ messages }) => void seen.push(...messages.map(numberOf)));
    await until(() => seen.includes(2), patienceMs);
    expect(seen).toEqual([0, 1, 2]);
    await stop();
  });
});

/** One after the other, each until it is taken. */
async function publishAll(bus: Bus, topic: string, count: number, pauseMs: number): Promise<{ failures: number }> {
  let failures = 0;
  for (let n = 0; n < count; ) {
    try {
      await bus.publish(topic, [{ key: 'a', value: n }]);
      n++;
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      failures++;
    }
    await delay(pauseMs);
  }
  return { failures };
}

function numberOf({ value }: { readonly value: unknown }): number {
  return Number(value);
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

interface Network {
  readonly port: number;
  target: number;
  /** No answer gets through. */
  isMute: boolean;
  /** No connection is made. */
  isRefusing: boolean;
  /** Ends every connection. */
  cut(): void;
  close(): void;
}

/** What is between the clients and the broker. */
async function openNetwork(): Promise<Network> {
  const sockets = new Set<Socket>();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((client) => {
    if (network.isRefusing) return void client.destroy();
    const broker = connect(network.target, '127.0.0.1');
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => {
        if (from === client || !network.isMute) to.write(data);
      });
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const network: Network = {
    port: (server.address() as AddressInfo).port,
    target: 0,
    isMute: false,
    isRefusing: false,
    cut,
    close: () => {
      cut();
      server.close();
    },
  };
  return network;
}
