/**
 * Which trades of one symbol came, and in which seconds some may be missing. The exchange counts trades without a break, so an id
 * that does not follow the one before it tells of others, and one that does proves that there are none.
 */
export interface TradeIds {
  /**
   * duplicate: it came before · next: it is the next one · other: what is known of seconds that are over may have changed. A second
   * that `forgetBefore` was told of is not added to.
   */
  add(id: number, second: number): 'duplicate' | 'next' | 'other';
  /** Trades may be missing from this second on, until the next one proves that none are, or shows which. */
  doubt(fromSecond: number): void;
  isWhole(second: number): boolean;
  /** Forgets what is of no matter for this second and later ones. */
  forgetBefore(second: number): void;
}

/**
 * A trade that happened so long after the newest one is none of before, whatever its id: the exchange has begun to count anew.
 * What another socket brings again happened when it did at first.
 */
const resetAfterSeconds = 10;

/** Ids without a break, and the seconds of the first and the last of them. */
interface Run {
  from: number;
  to: number;
  fromSecond: number;
  toSecond: number;
}

export function createTradeIds(): TradeIds {
  /** Ascending. Between two of them, and before the first, trades may be missing. */
  const runs: Run[] = [];
  let forgottenTo = Number.NEGATIVE_INFINITY;
  let doubtedFrom: number | undefined;

  return {
    add(id, second) {
      const last = runs.at(-1);
      if (last !== undefined && id === last.to + 1 && doubtedFrom === undefined) {
        last.to = id;
        last.toSecond = Math.max(last.toSecond, second);
        return 'next';
      }
      const isAnew = last !== undefined && id <= last.to && second - last.toSecond > resetAfterSeconds;
      // What is forgotten is of seconds that are over for long.
      if (isAnew || id <= forgottenTo) {
        runs.length = 0;
        forgottenTo = Number.NEGATIVE_INFINITY;
      }
      let at = runs.length;
      while (at > 0 && (runs[at - 1] as Run).from > id) at--;
      const before = runs[at - 1];
      if (before !== undefined && id <= before.to) return 'duplicate';
      if (last === undefined || id > last.to) doubtedFrom = undefined;
      runs.splice(at, 0, { from: id, to: id, fromSecond: second, toSecond: second });
      joinNext(at);
      if (at > 0) joinNext(at - 1);
      return 'other';
    },
    doubt(fromSecond) {
      doubtedFrom = Math.min(doubtedFrom ?? fromSecond, fromSecond);
    },
    isWhole(second) {
      if (runs.length === 0 || (doubtedFrom !== undefined && second >= doubtedFrom)) return false;
      return runs.every(({ fromSecond }, at) => {
        const before = runs[at - 1]?.toSecond ?? Number.NEGATIVE_INFINITY;
        return second < Math.min(before, fromSecond) || second > Math.max(before, fromSecond);
      });
    },
    forgetBefore(second) {
      while (runs.length > 1 && (runs[1] as Run).fromSecond < second && (runs[0] as Run).toSecond < second)
        forgottenTo = (runs.shift() as Run).to;
    },
  };

  function joinNext(at: number): void {
    const [run, next] = [runs[at] as Run, runs[at + 1]];
    if (next === undefined || next.from !== run.to + 1) return;
    run.to = next.to;
    run.fromSecond = Math.min(run.fromSecond, next.fromSecond);
    run.toSecond = Math.max(run.toSecond, next.toSecond);
    runs.splice(at + 1, 1);
  }
}
