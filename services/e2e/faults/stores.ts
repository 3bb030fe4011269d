import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../verify.ts';
import type { Fault } from './fault.ts';

const downMs = 4_000;

export const broker: Fault = {
  name: 'broker',
  what: 'Kafka is killed, comes back, and is restarted once more in good order',
  run: async ({ servers: { kafka } }) => {
    await kafka.kill();
    await sleep(downMs);
    await kafka.restart();
    await sleep(downMs);
    await kafka.restart();
    return [];
  },
};

export const postgres: Fault = {
  name: 'postgres',
  what: 'PostgreSQL is killed, and then away for some seconds',
  run: async ({ servers: { postgres } }) => {
    await postgres.kill();
    await postgres.ready();
    await sleep(1_000);
    await postgres.stop();
    await sleep(downMs);
    await postgres.start();
    await postgres.ready();
    return [];
  },
};

export const redis: Fault = {
  name: 'redis',
  what: 'Redis is gone: the API answers all the same',
  run: async ({ many, servers: { redis }, bed }) => {
    await redis.stop();
    const faults: string[] = [];
    const end = performance.now() + downMs;
    let answers = 0;
    for (; performance.now() < end; await sleep(50)) {
      const [chain] = bed.sources.chains;
      const path = `/api/v1/l2/networks/${chain?.id}/stats?window=1h`;
      await ask(`${many.analyticsUrl}${path}`).then(
        () => (answers += 1),
        (error: unknown) => faults.push(`without Redis: ${String(error)}`),
      );
    }
    await redis.start();
    await redis.ready();
    if (answers === 0) faults.push('without Redis: nothing was answered');
    return faults;
  },
};

export const stall: Fault = {
  name: 'stall',
  what: 'ClickHouse answers nothing for a while: no process grows without bound',
  run: async ({ many, servers: { clickhouse }, stallMs }) => {
    const before = new Map(many.processes.map((each) => [each.name, each.residentMax()]));
    clickhouse.freeze();
    await sleep(stallMs);
    const faults = many.processes.flatMap((each) => {
      const grown = each.residentMax() - (before.get(each.name) ?? 0);
      return grown < growthBytesMax
        ? []
        : [`${each.name} grew by ${Math.round(grown / 2 ** 20)} MiB while its sink stood still`];
    });
    clickhouse.thaw();
    return faults;
  },
};

/** What the heap of a busy process may do on its own. What waits for a sink is bounded well below that: see kafka-lanes.ts. */
const growthBytesMax = 256 * 2 ** 20;
