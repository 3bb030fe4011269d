import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { filledDisk } from '../small-disk.ts';
import type { Fault } from './fault.ts';

export const disk: Fault = {
  name: 'disk',
  what: 'PostgreSQL is away until the disk that the collector spills to is full',
  whyNot: () => (process.getuid?.() === 0 && canMount() ? undefined : 'only root may mount a small disk'),
  run: async ({ bed, servers: { postgres }, many, tell }) => {
    const { smallDisk } = bed;
    if (smallDisk === undefined) return ['the collector has no small disk'];
    // Somebody else's file takes what room there is.
    const free = filledDisk(smallDisk);
    await postgres.stop();
    await sleep(8_000);
    const alive = many.processes.every((each) => each.pid() !== undefined);
    free();
    await postgres.start();
    await postgres.ready();
    tell('the disk has room again, and PostgreSQL is back');
    return alive ? [] : ['a service ended because of a full disk'];
  },
};

function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
