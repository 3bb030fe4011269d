import type { CandlesAnswer } from '../../../../contracts/market-answers.ts';
import type { CandleNews } from '../../../../contracts/market-messages.ts';

/** A candle as it is drawn; null: nothing was traded. Floats are finer than a pixel. */
export interface DrawnCandle {
  /** Unix seconds. */
  readonly time: number;
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly close: number | null;
  readonly volume: number;
}

/** What was answered, and what was told since in its place, oldest first. */
export function mergeCandles(
  answered: CandlesAnswer['candles'],
  told: ReadonlyMap<number, CandleNews>,
): readonly DrawnCandle[] {
  const byTime = new Map<number, Pick<CandleNews, 'time' | 'open' | 'high' | 'low' | 'close' | 'volume'>>();
  for (const candle of answered) byTime.set(candle.time, candle);
  const last = answered.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
  // A candle that is over may have been told before its last trades were counted: the answer has all of them.
  for (const candle of told.values()) if (candle.time >= last) byTime.set(candle.time, candle);
  return [...byTime.values()]
    .sort((a, b) => a.time - b.time)
    .map(({ time, open, high, low, close, volume }) => ({
      ...{ time: time / 1_000, open: numberOf(open), high: numberOf(high) },
      ...{ low: numberOf(low), close: numberOf(close), volume: Number(volume) },
    }));
}

function numberOf(digits: string | null): number | null {
  return digits === null ? null : Number(digits);
}
