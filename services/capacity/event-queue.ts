/** Things to do at moments of a made-up time, earliest first; of one moment, in the order in which they were put in. */
export interface EventQueue {
  /** Seconds. */
  at(seconds: number, run: (nowSeconds: number) => void): void;
  /** Does all up to a moment, what comes in meanwhile included. */
  runUntil(seconds: number): void;
}

interface Planned {
  readonly seconds: number;
  readonly order: number;
  readonly run: (nowSeconds: number) => void;
}

/** A binary heap. */
export function createEventQueue(): EventQueue {
  const heap: Planned[] = [];
  let order = 0;
  const isBefore = (a: Planned, b: Planned): boolean =>
    a.seconds - b.seconds < 0 || (a.seconds === b.seconds && a.order < b.order);

  function push(one: Planned): void {
    let at = heap.push(one) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Planned;
      if (isBefore(parent, one)) break;
      heap[at] = parent;
      heap[above] = one;
      at = above;
    }
  }

  function pop(): void {
    const last = heap.pop() as Planned;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Planned, heap[below] as Planned)) below++;
      if (isBefore(last, heap[below] as Planned)) break;
      heap[at] = heap[below] as Planned;
      at = below;
    }
    heap[at] = last;
  }

  return {
    at: (seconds, run) => push({ seconds, order: order++, run }),
    runUntil: (seconds) => {
      for (let next = heap[0]; next !== undefined && next.seconds <= seconds; next = heap[0]) {
        pop();
        next.run(next.seconds);
      }
    },
  };
}
