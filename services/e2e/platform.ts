import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { opsPort } from '../../catalog/ops-port.ts';
import type { Children } from '../runtime/children.ts';
import { findPortOffset } from '../runtime/free-port.ts';
import { apiPorts, marketApiPorts, targets } from '../system.ts';
import { createManagedProcess, type ManagedProcess } from './managed-process.ts';
import type { Sources } from './sources.ts';

type Target = (typeof targets)[number];

/** Defimon as its users meet it: where its APIs are, and the processes it is made of. */
export interface Platform {
  readonly name: string;
  readonly analyticsUrl: string;
  readonly marketUrl: string;
  readonly processes: readonly ManagedProcess[];
  /** One more process of a service, which is not started yet. */
  addReplica(target: Target, number: number): Promise<ManagedProcess>;
  start(): Promise<void>;
  /** Resolves once every process is ready. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

export interface PlatformOptions {
  readonly sources: Sources;
  readonly children: Children;
  readonly folder: string;
  /** What every process of it is given: PATH and HOME of this one. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its stores are; those without an address are in the process. */
  readonly addresses?: Readonly<Record<string, string>>;
}

/** The folder that a process keeps its data in. */
export function dataFolderOf(folder: string, name: string): string {
  return join(folder, name.replaceAll(' ', '-'), 'data');
}

/** All services in one process, on embedded stores: what a laptop runs. */
export async function createOneProcess(options: PlatformOptions): Promise<Platform> {
  const offset = await findPortOffset(ports);
  const only = createProgram(options, { name: 'one process', targets, offset });
  return platformOf(options, 'one process', [only], offset, offset);
}

/** Every service as a process of its own, on networked stores: what a cluster runs. */
export async function createManyProcesses(options: PlatformOptions): Promise<Platform> {
  const offsets = new Map<Target, number>();
  for (const target of targets) offsets.set(target, await findPortOffset(ports));
  const offsetOf = (target: Target): number => offsets.get(target) ?? 0;
  const programs = targets.map((target) =>
    createProgram(options, { name: target, targets: [target], offset: offsetOf(target) }),
  );
  return platformOf(options, 'many processes', programs, offsetOf('analytics-api'), offsetOf('market-api'));
}

/** Chains are short here, and a run waits for their days: they need little rest between them. */
const windowPaceSeconds = 3;

const ports = [...apiPorts, ...marketApiPorts, opsPort];

function createProgram(
  { sources, children, folder, env, addresses = {} }: PlatformOptions,
  program: { readonly name: string; readonly targets: readonly Target[]; readonly offset: number },
): ManagedProcess {
  const dataDir = dataFolderOf(folder, program.name);
  mkdirSync(dataDir, { recursive: true });
  const root = join(import.meta.dirname, '..', '..');
  const ops = `http://127.0.0.1:${opsPort + program.offset}`;
  return createManagedProcess(children, {
    name: program.name,
    command: process.execPath,
    args: [
      join(root, 'services', 'main.ts'),
      ...['--environment-file', sources.environmentFile, '--catalog', sources.catalog],
      ...['--data-dir', dataDir, '--port-offset', String(program.offset)],
      ...['--target', program.targets.join(',')],
    ],
    cwd: root,
    env: { ...env, ...addresses, WINDOW_PACE_SECONDS: String(windowPaceSeconds) },
    stopSignal: 'SIGTERM',
    // Its configuration is wrong.
    finalCode: 1,
    logFile: join(dataDir, '..', 'log.txt'),
    isReady: async () => (await fetch(`${ops}/readyz`, { signal: AbortSignal.timeout(5_000) })).ok,
  });
}

function platformOf(
  options: PlatformOptions,
  name: string,
  processes: readonly ManagedProcess[],
  analyticsOffset: number,
  marketOffset: number,
): Platform {
  return {
    name,
    analyticsUrl: `http://127.0.0.1:${(apiPorts[0] ?? 0) + analyticsOffset}`,
    marketUrl: `http://127.0.0.1:${(marketApiPorts[0] ?? 0) + marketOffset}`,
    processes,
    addReplica: async (target, number) =>
      createProgram(options, { name: `${target} ${number}`, targets: [target], offset: await findPortOffset(ports) }),
    start: async () => {
      await Promise.all(processes.map((each) => each.start()));
    },
    ready: async () => {
      await Promise.all(processes.map((each) => each.ready()));
    },
    stop: async () => {
      await Promise.all(processes.map((each) => each.stop()));
    },
  };
}
