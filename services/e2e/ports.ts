import { isPortFree } from '../runtime/free-port.ts';

/** So that no port comes among those that the system gives out by itself: a process that is killed needs its own again. */
const offsetMax = 20_000;
const given = new Set<number>();

/** An offset at which all of these ports are free; no two calls give the same. */
export async function findPortOffset(ports: readonly number[]): Promise<number> {
  for (;;) {
    const offset = 1000 + Math.floor(Math.random() * (offsetMax - 1000));
    if (given.has(offset)) continue;
    const free = await Promise.all(ports.map((port) => isPortFree(port + offset)));
    if (!free.every(Boolean)) continue;
    given.add(offset);
    return offset;
  }
}
