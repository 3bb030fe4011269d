import { once } from 'node:events';
import { createServer } from 'node:net';

/** Systems give out ports by themselves from here on: 32768 on Linux, 49152 elsewhere. */
const ephemeralPort = 32_768;
const lowestPort = 20_000;
/** At the ports themselves the program may run that a person has started. */
const lowestOffset = 1_000;
const tries = 100;

/**
 * A port of 127.0.0.1 that nobody listens at. Below those that systems give out by themselves, so that it is still free when a
 * server comes back to it.
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const port = lowestPort + Math.floor(Math.random() * (ephemeralPort - lowestPort));
    if (await isPortFree(port)) return port;
  }
  throw new Error(`none of ${tries} ports between ${lowestPort} and ${ephemeralPort} was free: end what listens there`);
}

const given = new Set<number>();

/**
 * An offset at which all of these ports are free: below those that systems give out by themselves, so that a process that is killed
 * finds its own again. No two calls give the same.
 */
export async function findPortOffset(ports: readonly number[]): Promise<number> {
  const offsetMax = ephemeralPort - 1 - Math.max(...ports);
  for (let attempt = 0; attempt < tries; attempt++) {
    const offset = lowestOffset + Math.floor(Math.random() * (offsetMax - lowestOffset));
    if (given.has(offset)) continue;
    const free = await Promise.all(ports.map((port) => isPortFree(port + offset)));
    if (!free.every(Boolean)) continue;
    given.add(offset);
    return offset;
  }
  throw new Error(`at none of ${tries} offsets were all of ${ports.join(', ')} free: end what listens there`);
}

/** Whether nobody listens at this port of 127.0.0.1. */
export async function isPortFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port, '127.0.0.1');
    await once(probe, 'listening');
  } catch {
    return false;
  }
  probe.close();
  await once(probe, 'close');
  return true;
}
