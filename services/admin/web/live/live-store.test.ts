import { describe, expect, it } from 'vitest';
import { createLiveStore } from './live-store.ts';

describe(createLiveStore, () => {
  it('tells who looks at a value once for all changes of a frame, and nobody else', () => {
    const { store, frame } = build();
    const told: string[] = [];
    store.subscribe('a', () => told.push('a'));
    store.subscribe('b', () => told.push('b'));
    store.subscribe(undefined, () => told.push('any'));
    store.set('a', 1);
    store.set('a', 2);
    expect(told).toEqual([]);
    expect(store.get('a')).toBeUndefined();
    frame();
    expect(told.sort()).toEqual(['a', 'any']);
    expect(store.get('a')).toBe(2);
  });

  it('gives the same map until something changes, and another one then', () => {
    const { store, frame } = build();
    const before = store.all();
    expect(store.all()).toBe(before);
    store.set('a', 1);
    frame();
    expect(store.all()).not.toBe(before);
    expect([...before]).toEqual([]);
    store.delete('a');
    frame();
    expect(store.get('a')).toBeUndefined();
  });

  it('shows nothing of before once it is cleared and told anew', () => {
    const { store, frame } = build();
    store.set('a', 1);
    store.set('b', 2);
    frame();
    store.clear();
    store.set('b', 3);
    expect([...store.all()]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    frame();
    expect([...store.all()]).toEqual([['b', 3]]);
  });

  it('tells nobody who has turned away', () => {
    const { store, frame } = build();
    let told = 0;
    store.subscribe('a', () => told++)();
    store.set('a', 1);
    frame();
    expect(told).toBe(0);
  });
});

function build() {
  const due: (() => void)[] = [];
  const store = createLiveStore<number>((run) => due.push(run));
  return { store, frame: () => due.splice(0).forEach((run) => void run()) };
}
