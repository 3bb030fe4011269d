/** Work of which only so much is done at one time, whoever asks for it: the rest waits its turn. */
export interface Slots {
  /** Waits for a slot and holds it while the work lasts. Throws what `full` makes when too many wait already. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** The same for work that others go before: of those that wait, one of these has a slot after eight of them. */
  runLater<T>(work: () => Promise<T>): Promise<T>;
}

/** Also where there is always other work, what can wait must come in the end. */
const othersBefore = 8;

export function createSlots(options: {
  readonly max: number;
  readonly waitingMax?: number;
  readonly full?: () => Error;
}): Slots {
  const { max, waitingMax = Number.POSITIVE_INFINITY, full = () => new Error('too many wait') } = options;
  const [waiting, later]: [(() => void)[], (() => void)[]] = [[], []];
  let busy = 0;
  let before = 0;

  function findNext(): (() => void) | undefined {
    const isTheirTurn = waiting.length === 0 || (later.length > 0 && before === othersBefore);
    before = isTheirTurn ? 0 : before + (later.length > 0 ? 1 : 0);
    return (isTheirTurn ? later : waiting).shift();
  }

  async function runIn<T>(queue: (() => void)[], work: () => Promise<T>): Promise<T> {
    if (busy < max) busy += 1;
    else if (waiting.length + later.length >= waitingMax) throw full();
    // Who ends hands its slot on: `busy` stays.
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = findNext();
      if (next === undefined) busy -= 1;
      else next();
    }
  }

  return { run: (work) => runIn(waiting, work), runLater: (work) => runIn(later, work) };
}
