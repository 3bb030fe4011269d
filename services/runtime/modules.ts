import { ConfigurationError, describeError } from './errors.ts';

/** What one part of the process says of itself. `detail` is for people: why it is not well, or what it is doing. */
export interface Health {
  readonly ok: boolean;
  readonly detail?: string;
}

/** A running part: what others use of it, how it stops, and how it is. */
export interface Started<P> {
  readonly part: P;
  stop(): Promise<void>;
  health?(): Health | Promise<Health>;
}

/** One line of the module table: the parts of this process that it needs, and how it starts once they are up. */
export interface Module<Parts> {
  readonly needs: readonly (keyof Parts & string)[];
  start(parts: Parts): Promise<Started<unknown>>;
}

export type ModuleTable<Parts> = { readonly [Name in keyof Parts & string]: Module<Parts> };

/** A module whose `start` sees only the parts it says it needs, so the table cannot lie. */
export function module<Parts>() {
  return <Need extends keyof Parts & string, P>(
    needs: readonly Need[],
    start: (parts: Pick<Parts, Need>) => Promise<Started<P>>,
  ): Module<Parts> => ({ needs, start });
}

/**
 * The wanted modules and all they need, dependencies first, each once.
 * Throws on an unknown name (naming the known ones) and on a cycle (printing it).
 */
export function startOrder<Parts>(table: ModuleTable<Parts>, wanted: readonly string[]): (keyof Parts & string)[] {
  const order: (keyof Parts & string)[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) throw new Error(`modules need each other in a circle: ${[...path, name].join(' -> ')}`);
    if (!Object.hasOwn(table, name)) {
      const known = Object.keys(table).sort().join(', ');
      const by = path.length > 0 ? ` (needed by ${path.at(-1)})` : '';
      throw new ConfigurationError(`unknown module "${name}"${by}; known: ${known}`);
    }
    const key = name as keyof Parts & string;
    if (order.includes(key)) return;
    for (const need of table[key].needs) visit(need, [...path, name]);
    order.push(key);
  };
  for (const name of wanted) visit(name, []);
  return order;
}

/** Modules that are up: use what they give, stop them in reverse, or ask how they are. */
export interface Running<Parts> {
  readonly names: readonly string[];
  readonly parts: Partial<Parts>;
  stop(): Promise<void>;
  health(): Promise<Record<string, Health>>;
}

/** Told of each step, so that the caller can log it without this file knowing a logger. */
export interface Observer {
  started?(name: string, tookMs: number): void;
  stopped?(name: string, tookMs: number): void;
  stopFailed?(name: string, error: unknown): void;
}

/** What a module starts, or the abort if that is first: a start that hangs must not hold up the end. It is stopped if it comes after all. */
async function untilAborted(
  starting: Promise<Started<unknown>>,
  signal: AbortSignal | undefined,
): Promise<Started<unknown>> {
  if (signal === undefined) return starting;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([starting, aborted.promise]);
  } catch (error) {
    if (signal.aborted) starting.then((late) => late.stop()).catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * Starts the wanted modules in order. If one fails, those already up are stopped in reverse and the failure is thrown,
 * named by its module. `stop` stops in reverse, goes on past a module that fails to stop, and runs once.
 */
export async function startModules<Parts>(
  table: ModuleTable<Parts>,
  wanted: readonly string[],
  observer: Observer = {},
  signal?: AbortSignal,
): Promise<Running<Parts>> {
  const parts: Partial<Record<string, unknown>> = {};
  const up: { name: string; started: Started<unknown> }[] = [];
  const stopAll = async (): Promise<void> => {
    for (let last = up.pop(); last !== undefined; last = up.pop()) {
      const { name, started } = last;
      const from = performance.now();
      try {
        await started.stop();
        observer.stopped?.(name, performance.now() - from);
      } catch (error) {
        observer.stopFailed?.(name, error);
      }
    }
  };
  const names = startOrder(table, wanted);
  for (const name of names) {
    const from = performance.now();
    try {
      signal?.throwIfAborted();
      const started = await untilAborted(table[name].start(parts as Parts), signal);
      up.push({ name, started });
      parts[name] = started.part;
      observer.started?.(name, performance.now() - from);
    } catch (error) {
      await stopAll();
      // The family of the error (retry or not) is the caller's exit code, so it is thrown as it is, with its place added.
      if (error instanceof Error && !error.message.startsWith(`${name}: `)) error.message = `${name}: ${error.message}`;
      throw error;
    }
  }
  let stopping: Promise<void> | undefined;
  return {
    names,
    parts: parts as Partial<Parts>,
    stop: () => {
      stopping ??= stopAll();
      return stopping;
    },
    health: async () => {
      const report: Record<string, Health> = {};
      await Promise.all(
        up.map(async ({ name, started }) => {
          if (started.health === undefined) return;
          try {
            report[name] = await started.health();
          } catch (error) {
            report[name] = { ok: false, detail: describeError(error) };
          }
        }),
      );
      return report;
    },
  };
}
