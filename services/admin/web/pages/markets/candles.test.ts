import { describe, expect, it } from 'vitest';
import type { CandlesAnswer } from '../../../../contracts/market-answers.ts';
import type { CandleNews } from '../../../../contracts/market-messages.ts';
import { mergeCandles } from './candles.ts';

describe(mergeCandles, () => {
  it('lets what was told replace the newest candle and follow it, and never one that is over', () => {
    const answered = [candleOf(0, '1'), candleOf(60_000, '2')];
    const told = new Map(
      [candleNews(0, '9'), candleNews(60_000, '3'), candleNews(120_000, '4')].map((each) => [each.time, each]),
    );
    expect(mergeCandles(answered, told).map(({ time, close }) => [time, close])).toEqual([
      [0, 1],
      [60, 3],
      [120, 4],
    ]);
  });

  it('draws nothing where nothing was traded', () => {
    const [candle] = mergeCandles([{ ...candleOf(0, '1'), open: null, high: null, low: null, close: null }], new Map());
    expect(candle).toMatchObject({ open: null, high: null, low: null, close: null });
  });
});

function candleOf(time: number, close: string): CandlesAnswer['candles'][number] {
  return {
    ...{ time, open: '1', high: '5', low: '1', close, volume: '1', quoteVolume: '1', takerBuyVolume: '0' },
    ...{ takerBuyQuoteVolume: '0', vwap: '1', trades: 1, firstTradeId: 1, lastTradeId: 1, complete: true },
  };
}

function candleNews(time: number, close: string): CandleNews {
  return { type: 'candle', symbol: 'X', interval: '1m', time, open: '1', high: '5', low: '1', close, volume: '1' };
}
