/** Work of which only so much is done at one time, whoever asks for it: the rest waits its turn. */
export interface Slots {
  /** Waits for a slot and holds it while the work lasts. Throws what `full` makes when too many wait already. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createSlots(options: {
  readonly max: number;
  readonly waitingMax?: number;
  readonly full?: () => Error;
}): Slots {
  const { max, waitingMax = Number.POSITIVE_INFINITY, full = () => new Error('too many wait') } = options;
  const waiting: (() => void)[] = [];
  let busy = 0;
  return {
    run: async (work) => {
      if (busy < max) busy += 1;
      else if (waiting.length >= waitingMax) throw full();
      // Who ends hands its slot on: `busy` stays.
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) busy -= 1;
        else next();
      }
    },
  };
}
