import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceChain } from '../sources.ts';
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
  run: async ({ many, bed, servers: { clickhouse }, stallMs, tell }) => {
    // By itself, not by the peaks of other faults before it, which a slow leak could hide under.
    const watched = many.processes.map((process) => ({
      ...{ process, starts: process.starts(), before: process.resident(), most: 0 },
    }));
    const heights = await heightsOf(bed.sources.chains);
    clickhouse.freeze();
    const endMs = performance.now() + stallMs;
    for (let toldMs = performance.now(); performance.now() < endMs; await sleep(sampleMs)) {
      for (const each of watched) each.most = Math.max(each.most, each.process.resident());
      if (performance.now() - toldMs < progressMs) continue;
      toldMs = performance.now();
      tell(`ClickHouse stands still, ${Math.round((endMs - toldMs) / 1000)} s left`);
    }
    const mined = (await heightsOf(bed.sources.chains)) - heights;
    const grown = watched.map(({ process, starts, before, most }) => ({
      name: process.name,
      mebibytes: Math.round(Math.max(0, most - before) / 2 ** 20),
      // A process that ended has given back its memory, and so its growth would not be seen.
      isSame: process.starts() === starts && process.pid() !== undefined,
    }));
    clickhouse.thaw();
    const text = grown.map(({ name, mebibytes }) => `${name} ${mebibytes}`).join(', ');
    tell(`${mined} blocks were made meanwhile; resident MiB more than before (${growthMebibytesMax} allowed): ${text}`);
    return [
      ...(mined > 0 ? [] : ['no block was made while the sink stood still, so nothing had to wait for it']),
      ...grown.flatMap(({ name, mebibytes, isSame }) => [
        ...(mebibytes < growthMebibytesMax ? [] : [`${name} grew by ${mebibytes} MiB while its sink stood still`]),
        ...(isSame ? [] : [`${name} ended while its sink stood still`]),
      ]),
    ];
  },
};

async function heightsOf(chains: readonly SourceChain[]): Promise<number> {
  const heights = await Promise.all(chains.map(({ node }) => node.rpc<string>('eth_blockNumber')));
  return heights.reduce((sum, height) => sum + Number(height), 0);
}

/** What the heap of a busy process may do on its own. What waits for a sink is bounded well below that: see kafka-lanes.ts. */
const growthMebibytesMax = 256;

const progressMs = 30_000;
const sampleMs = 500;
