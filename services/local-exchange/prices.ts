import type { Pair } from '../../catalog/schema/pair.ts';

/** About what these cost, in dollars: a made-up market is more to look at when its prices are not absurd. */
const known: Readonly<Record<string, number>> = {
  BTC: 110_000,
  ETH: 4_000,
  BNB: 900,
  SOL: 190,
  XRP: 2.7,
  DOGE: 0.22,
  ADA: 0.75,
  AVAX: 28,
  LINK: 20,
  DOT: 4.2,
  UNI: 8.5,
  AAVE: 260,
  LTC: 110,
  BCH: 550,
  TRX: 0.33,
  ATOM: 4.3,
  SHIB: 0.000012,
  PEPE: 0.00001,
};

/** Prices have four digits or so in ticks: that is how an exchange chooses the tick. */
const usualTicks = 4_000;

/** Where a pair's price starts, in its quote asset. */
export function startPriceOf({ base, category, tickSize }: Pick<Pair, 'base' | 'category' | 'tickSize'>): number {
  if (category === 'stable') return 1;
  return known[base] ?? Number(tickSize) * usualTicks;
}
