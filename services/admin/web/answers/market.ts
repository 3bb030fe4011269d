import {
  CandlesAnswer,
  GapsAnswer,
  StatsAnswer,
  SymbolsAnswer,
  sharedAnswers,
} from '../../../contracts/market-answers.ts';
import type { Interval } from '../../../datasets/market/bar-read.ts';
import { createCheck } from './check.ts';
import { type Endpoint, queryOf } from './use-answer.ts';

// Reads of the market API, by way of the dashboard's server.

const checkCandles = createCheck(CandlesAnswer, sharedAnswers);
const checkGaps = createCheck(GapsAnswer, sharedAnswers);

export const allSymbols: Endpoint<SymbolsAnswer> = {
  path: 'market/symbols',
  check: createCheck(SymbolsAnswer, sharedAnswers),
  everyMs: 10_000,
};

export const marketStats: Endpoint<StatsAnswer> = {
  path: 'market/stats',
  check: createCheck(StatsAnswer, sharedAnswers),
  everyMs: 5_000,
};

export function candlesOf(symbol: string, interval: Interval): Endpoint<CandlesAnswer> {
  const query = queryOf({ interval, limit: 120 });
  return { path: `market/candles/${encodeURIComponent(symbol)}${query}`, check: checkCandles, everyMs: 30_000 };
}

export function gapsOf(symbol: string): Endpoint<GapsAnswer> {
  return { path: `market/gaps/${encodeURIComponent(symbol)}`, check: checkGaps, everyMs: 15_000 };
}
