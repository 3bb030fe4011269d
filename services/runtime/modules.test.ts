import { describe, expect, it, vi } from 'vitest';
import { type Module, type ModuleTable, startModules, startOrder } from './modules.ts';

describe(startOrder.name, () => {
  it('puts what a module needs before it, each once', () => {
    const { table } = makeSystem({ api: ['store', 'cache'], store: ['config'], cache: ['config'], config: [] });

    expect(startOrder(table, ['api', 'store'])).toEqual(['config', 'store', 'cache', 'api']);
  });

  it('names the known modules when one is unknown, and who needs it', () => {
    const { table } = makeSystem({ api: ['stroe'], store: [] });

    expect(() => startOrder(table, ['api'])).toThrow('unknown module "stroe" (needed by api); known: api, store');
    expect(() => startOrder(table, ['apo'])).toThrow('unknown module "apo"; known: api, store');
  });

  it('prints a circle', () => {
    const { table } = makeSystem({ a: ['b'], b: ['c'], c: ['a'] });

    expect(() => startOrder(table, ['a'])).toThrow('a -> b -> c -> a');
  });

  it('does not take a property of Object for a module', () => {
    expect(() => startOrder(makeSystem({ a: [] }).table, ['toString'])).toThrow('unknown module "toString"');
  });
});

describe(startModules.name, () => {
  it('starts in order and stops in reverse, once', async () => {
    const { table, events } = makeSystem({ api: ['store'], store: [] });

    const running = await startModules(table, ['api']);
    await Promise.all([running.stop(), running.stop()]);

    expect(events).toEqual(['start store', 'start api', 'stop api', 'stop store']);
  });

  it('gives each module the parts it needs', async () => {
    const { table, seen } = makeSystem({ api: ['store'], store: [] });

    await startModules(table, ['api']);

    expect(seen.get('api')).toEqual({ store: 'the store' });
  });

  it('undoes a failed start and names the module that failed', async () => {
    const { table, events } = makeSystem({ api: ['store', 'bad'], store: [], bad: ['store'] }, { failing: 'bad' });

    await expect(startModules(table, ['api'])).rejects.toThrow('bad: cannot start');

    expect(events).toEqual(['start store', 'stop store']);
  });

  it('stops what is up when told to stop while starting', async () => {
    const abort = new AbortController();
    const { table, events } = makeSystem(
      { api: ['store'], store: [] },
      { onStart: () => abort.abort(new Error('stopped by SIGINT')) },
    );

    await expect(startModules(table, ['api'], {}, abort.signal)).rejects.toThrow('stopped by SIGINT');

    expect(events).toEqual(['start store', 'stop store']);
  });

  it('does not wait for a start that hangs once it is told to stop, and stops it if it comes after all', async () => {
    const abort = new AbortController();
    const late = Promise.withResolvers<void>();
    const { table, events } = makeSystem({ api: ['store'], store: [] }, { hanging: { api: late.promise } });

    const starting = startModules(table, ['api'], {}, abort.signal);
    await vi.waitFor(() => expect(events).toEqual(['start store']), { timeout: 90_000 });
    abort.abort(new Error('stopped by SIGINT'));
    await expect(starting).rejects.toThrow('stopped by SIGINT');
    expect(events).toEqual(['start store', 'stop store']);

    late.resolve();
    await vi.waitFor(() => expect(events.slice(2)).toEqual(['start api', 'stop api']), { timeout: 90_000 });
  });

  it('goes on past a module that does not stop, and tells', async () => {
    const { table, events } = makeSystem({ api: ['store'], store: [] }, { stuck: 'api' });
    const failed: string[] = [];

    const running = await startModules(table, ['api'], { stopFailed: (name) => failed.push(name) });
    await running.stop();

    expect(failed).toEqual(['api']);
    expect(events.at(-1)).toBe('stop store');
  });

  it('reports a module whose health cannot be asked as not well', async () => {
    const { table } = makeSystem({ api: [] }, { ill: 'api' });

    const running = await startModules(table, ['api']);

    expect(await running.health()).toEqual({ api: { ok: false, detail: 'no answer' } });
  });
});

type Table = Record<string, string>;

interface Breaks {
  failing?: string;
  stuck?: string;
  ill?: string;
  hanging?: Record<string, Promise<void>>;
  onStart?: () => void;
}

function makeSystem(needs: Record<string, string[]>, { failing, stuck, ill, onStart, hanging = {} }: Breaks = {}) {
  const events: string[] = [];
  const seen = new Map<string, unknown>();
  const table: Record<string, Module<Table>> = {};
  for (const [name, names] of Object.entries(needs)) {
    table[name] = {
      needs: names,
      start: async (parts) => {
        await hanging[name];
        if (name === failing) throw new Error('cannot start');
        events.push(`start ${name}`);
        seen.set(name, { ...parts });
        onStart?.();
        return {
          part: `the ${name}`,
          stop: async () => {
            if (name === stuck) throw new Error('will not stop');
            events.push(`stop ${name}`);
          },
          health: () => {
            if (name === ill) throw new Error('no answer');
            return { ok: true };
          },
        };
      },
    };
  }
  return { table: table as ModuleTable<Table>, events, seen };
}
