import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A port of 127.0.0.1 that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** An offset at which all of these ports are free; no two calls give the same. */
export async function findPortOffset(ports: readonly number[]): Promise<number> {
  for (;;) {
    const offset = 1000 + Math.floor(Math.random() * 30_000);
    if (given.has(offset)) continue;
    const free = await Promise.all(ports.map((port) => isFree(port + offset)));
    if (!free.every(Boolean)) continue;
    given.add(offset);
    return offset;
  }
}

const given = new Set<number>();

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const free = await Promise.race([
    once(server, 'listening').then(() => true),
    once(server, 'error').then(() => false),
  ]);
  server.close();
  return free;
}
