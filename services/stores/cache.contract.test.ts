import { pino } from 'pino';
import { afterAll, beforeAll, describe } from 'vitest';
import { hasRedisServer, type RedisServer, startRedis } from '../testing/redis-server.ts';
import { cacheContract, sharedCacheContract } from './cache-contract.ts';
import { createEmbeddedCache } from './embedded/cache.ts';
import { openNetworkedCache } from './networked/redis.ts';

cacheContract('embedded', async () => ({ part: createEmbeddedCache(), stop: async () => {} }));

describe.skipIf(!hasRedisServer())(
  'networked, with the program redis-server (Debian: apt-get install redis-server)',
  () => {
    const log = pino({ level: 'silent' });
    let server: RedisServer;
    let databases = 0;
    beforeAll(async () => {
      server = await startRedis();
    });
    afterAll(async () => {
      await server[Symbol.asyncDispose]();
    });
    // Patient, so that a machine under load does not look like a Redis that is away.
    const open = (database: number) =>
      openNetworkedCache({
        redisUrl: server.url.replace(/\/0$/, `/${database}`),
        log,
        commandTimeoutMs: 30_000,
        startMs: 30_000,
        lockMs: 30_000,
        waitMsMax: 30_000,
      });

    cacheContract('Redis', () => open(++databases));
    sharedCacheContract('Redis', async () => {
      databases += 1;
      return [await open(databases), await open(databases)];
    });
  },
);
