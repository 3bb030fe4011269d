import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bar } from '../datasets/market/bar.ts';
import { writeSeconds } from '../datasets/market/timeseries.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { isRefusedContent } from '../stores/timeseries-errors.ts';

/** Where bars of many partitions meet on their way to the store. */
export interface BarSink {
  /**
   * Resolves once these bars are stored. `id` names exactly these bars, for ever.
   * Throws what the store throws for them; some of them may be stored then: write the same again.
   */
  write(bars: readonly Bar[], id: string): Promise<void>;
}

export interface BarSinkOptions {
  readonly timeseries: Timeseries;
  /** Told of what is stored. */
  readonly onStored: (bars: readonly Bar[]) => void;
  /** After an insert of few bars the next one waits for so long: many small inserts wear the store out. */
  readonly lingerMs?: number;
}

/** Enough for an insert that the store likes: 49 columns take it as long as some hundred bars do. */
const barsPlenty = 500;

interface Waiting extends PromiseWithResolvers<void> {
  readonly bars: readonly Bar[];
  readonly id: string;
}

/**
 * Stores what comes while an insert is under way with the next one: a partition each second is no insert each. Where much has
 * piled up a batch is an insert of its own, under its own name, and so many are under way as the bus gives at once.
 */
export function createBarSink({ timeseries, onStored, lingerMs = 250 }: BarSinkOptions): BarSink {
  let waiting: Waiting[] = [];
  let isStoring = false;

  async function storeAll(): Promise<void> {
    isStoring = true;
    while (waiting.length > 0) {
      const together = waiting;
      waiting = [];
      await store(together);
      if (together.reduce((sum, { bars }) => sum + bars.length, 0) < barsPlenty) await sleep(lingerMs);
    }
    isStoring = false;
  }

  async function store(together: readonly Waiting[]): Promise<void> {
    const bars = together.flatMap((each) => each.bars);
    try {
      await writeSeconds(timeseries, bars, tokenOf(together));
      onStored(bars);
      for (const { resolve } of together) resolve();
    } catch (error) {
      // One of them may be at fault: each on its own, so that the others get through.
      if (together.length > 1 && isRefusedContent(error)) for (const each of together) await store([each]);
      else for (const { reject } of together) reject(error);
    }
  }

  return {
    write: (bars, id) => {
      const each = { bars, id, ...Promise.withResolvers<void>() };
      if (bars.length >= barsPlenty) void store([each]);
      else {
        waiting.push(each);
        if (!isStoring) void storeAll();
      }
      return each.promise;
    },
  };
}

/** What is sent again alone or with others has another token, and is stored twice; of two bars of a second one stands. */
function tokenOf(together: readonly Waiting[]): string {
  const ids = together.map(({ id }) => id);
  return ids.length === 1 ? String(ids[0]) : createHash('sha256').update(ids.join('\n')).digest('hex');
}
