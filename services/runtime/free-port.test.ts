import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { findFreePort, findPortOffset, isPortFree } from './free-port.ts';

describe(findFreePort, () => {
  test('gives a port that can be listened at, below those that the system gives out', async () => {
    const port = await findFreePort();
    expect(port).toBeLessThan(32_768);
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    expect(await isPortFree(port)).toBe(false);
    server.close();
    await once(server, 'close');
    expect(await isPortFree(port)).toBe(true);
  });
});

describe(findPortOffset, () => {
  test('leaves every port below those that the system gives out, and gives no offset twice', async () => {
    const offsets = await Promise.all(Array.from({ length: 20 }, () => findPortOffset([3_000, 30_000])));
    expect(new Set(offsets).size).toBe(20);
    expect(Math.max(...offsets) + 30_000).toBeLessThan(32_768);
  });
});
