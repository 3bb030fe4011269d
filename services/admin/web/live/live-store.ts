/** Values by key that change often and are looked at by many: who looks at one is told of that one, at most as often as `later` says. */
export interface LiveStore<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  clear(): void;
  /** All of them; another map after each change. */
  all(): ReadonlyMap<string, V>;
  /** `key` undefined: of any change. */
  subscribe(key: string | undefined, listener: () => void): () => void;
}

/** `later` runs a function soon: what changes until then is told together. */
export function createLiveStore<V>(later: (run: () => void) => void): LiveStore<V> {
  const values = new Map<string, V>();
  const listeners = new Map<string | undefined, Set<() => void>>();
  const changed = new Set<string>();
  let snapshot: ReadonlyMap<string, V> = new Map();

  function note(key: string): void {
    if (changed.size === 0) later(flush);
    changed.add(key);
  }

  function flush(): void {
    snapshot = new Map(values);
    const told = new Set<() => void>(listeners.get(undefined));
    for (const key of changed) for (const listener of listeners.get(key) ?? []) told.add(listener);
    changed.clear();
    for (const listener of told) listener();
  }

  return {
    get: (key) => snapshot.get(key),
    set: (key, value) => {
      values.set(key, value);
      note(key);
    },
    delete: (key) => {
      if (values.delete(key)) note(key);
    },
    clear: () => {
      for (const key of values.keys()) note(key);
      values.clear();
    },
    all: () => snapshot,
    subscribe: (key, listener) => {
      const of = listeners.get(key) ?? new Set();
      listeners.set(key, of.add(listener));
      return () => of.delete(listener);
    },
  };
}
