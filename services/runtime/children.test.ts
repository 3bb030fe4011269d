import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { type ChildOptions, createChildren } from './children.ts';

const log = pino({ level: 'silent' });
const parents: ChildProcess[] = [];

afterEach(() => {
  for (const parent of parents.splice(0)) parent.kill('SIGKILL');
});

describe(createChildren.name, () => {
  it('stops a child by its stop signal', async () => {
    const children = createChildren({ log });
    const lines: string[] = [];
    const child = await children.spawn({
      ...shellOptions('trap "echo bye; exit 3" INT; echo up; while :; do sleep 0.05; done'),
      stopSignal: 'SIGINT',
      onLine: (line) => lines.push(line),
      onExit: () => lines.push('unexpected'),
    });
    await until(() => lines.includes('up'));
    await child.stop(5_000);
    expect(await child.exited).toMatchObject({ code: 3 });
    expect(lines).toEqual(['up', 'bye']);
    await children.close();
  });

  it('kills a child that ignores its stop signal, after the grace', async () => {
    const children = createChildren({ log });
    const lines: string[] = [];
    const child = await children.spawn({
      ...shellOptions('trap "" TERM; echo up; while :; do sleep 0.05; done'),
      onLine: (line) => lines.push(line),
    });
    await until(() => lines.includes('up'));
    await child.stop(150);
    expect(await child.exited).toMatchObject({ signal: 'SIGKILL' });
    await children.close();
  });

  it('reports an unexpected end with the last lines', async () => {
    const children = createChildren({ log });
    const told = Promise.withResolvers<Error>();
    await children.spawn({
      ...shellOptions('for n in 1 2 3 4; do echo "line $n" >&2; done; exit 7'),
      logTail: 2,
      onExit: told.resolve,
    });
    const { message } = await told.promise;
    expect(message).toMatch(/^sleeper \(process \d+\) ended by itself, with code 7\n {2}line 3\n {2}line 4$/);
    await children.close();
  });

  it('reports a program that is not there', async () => {
    const children = createChildren({ log });
    const child = await children.spawn({ ...shellOptions(''), command: '/no/such/program', args: [] });
    const { code, tail } = await child.exited;
    expect(code).toBe(127);
    expect(tail.join('\n')).toContain('/no/such/program');
    await children.close();
  });

  it('stops everything when it is closed, and starts nothing afterwards', async () => {
    const children = createChildren({ log });
    const child = await children.spawn(shellOptions('exec sleep 600'));
    await children.close(2_000);
    expect(isAlive(child.pid)).toBe(false);
    await expect(children.spawn(shellOptions('exec sleep 600'))).rejects.toThrow(/stopping/);
  });

  it('leaves no child behind when this process is killed by SIGKILL', async () => {
    const { parent, pids } = await startParent(['exec sleep 600', 'trap "" TERM; while :; do sleep 0.05; done']);
    expect(pids.map(isAlive)).toEqual([true, true]);
    parent.kill('SIGKILL');
    // The one that ignores the signal goes after the reaper's grace of one second.
    await until(() => !pids.some(isAlive));
  });

  it('keeps the interrupt of a terminal away from its children', async () => {
    const { parent, pids } = await startParent(['exec sleep 600'], 'process.on("SIGINT", () => {});');
    // What a terminal does on Ctrl-C: a signal to the whole foreground process group.
    process.kill(-(parent.pid as number), 'SIGINT');
    await delay(200);
    expect(pids.map(isAlive)).toEqual([true]);
  });
});

function shellOptions(script: string): ChildOptions {
  return {
    name: 'sleeper',
    command: '/bin/sh',
    args: ['-c', script],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stopSignal: 'SIGTERM',
    logTail: 10,
  };
}

/** A process of its own which starts the scripts as children and says their pids. */
async function startParent(scripts: readonly string[], setup = ''): Promise<{ parent: ChildProcess; pids: number[] }> {
  const program = `
    import { createChildren } from ${JSON.stringify(new URL('./children.ts', import.meta.url).href)};
    ${setup}
    const log = { debug() {}, warn() {}, error() {} };
    const children = createChildren({ log, reaperGraceSeconds: 1 });
    const pids = [];
    for (const options of ${JSON.stringify(scripts.map(shellOptions))}) pids.push((await children.spawn(options)).pid);
    console.log(JSON.stringify(pids));
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  parents.push(parent);
  const [line] = (await once(createInterface({ input: parent.stdout as Readable }), 'line')) as [string];
  const pids: unknown = JSON.parse(line);
  if (!Array.isArray(pids)) throw new Error(`not a list of pids: ${line}`);
  return { parent, pids: pids.map(Number) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(isTrue: () => boolean, timeoutMs = 90_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !isTrue(); await delay(20)) {
    if (Date.now() > end) throw new Error('waited too long');
  }
}
