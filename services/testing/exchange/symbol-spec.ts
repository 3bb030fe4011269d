import type { Market } from '../../market-collector/binance/messages.ts';

/** What `exchangeInfo` says of whether a symbol is traded; the markets name other states too. */
export type SymbolStatus = 'TRADING' | 'HALT' | 'BREAK' | 'SETTLING' | 'PENDING_TRADING' | 'CLOSE';

/** One symbol of a simulated market, in the exchange's own words. */
export interface SymbolSpec {
  /** The exchange's own name: `BTCUSDT`, `BTCUSD_PERP`. */
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  /** Decimal text, such as `0.00000001`. */
  readonly tickSize: string;
  /** Decimal text. */
  readonly stepSize: string;
  /** Decimal text, in the quote asset; 5 by default. */
  readonly minNotional?: string;
  /** Where the price starts, and what it stays around. */
  readonly price: number;
  /** Book levels that each side is kept near; 600 by default. A snapshot shows 5000 of them at most, 1000 on futures. */
  readonly levels?: number;
  readonly status?: SymbolStatus;
  /** Depth diffs a second at 100 ms, ten at most; what the core was told by default. */
  readonly updatesPerSecond?: number;
}

/** A price or size as a whole number of steps, and how the market writes it. */
export interface Grid {
  /** The step in units of its last decimal: 5 for `0.05`. */
  readonly units: number;
  readonly decimals: number;
  /** What follows the last decimal: spot writes eight decimals whatever the step. */
  readonly tail: string;
}

const spotDecimals = 8;

/** Throws when the step is no positive decimal text. */
export function gridOf(step: string, market: Market): Grid {
  if (!/^\d+(\.\d+)?$/.test(step) || Number(step) === 0) throw new Error(`${step} is no price or quantity step`);
  const [whole = '', fraction = ''] = step.split('.');
  const significant = fraction.replace(/0+$/, '');
  const decimals = significant.length;
  const missing = market === 'spot' ? Math.max(0, spotDecimals - decimals) : 0;
  return {
    units: Number(whole + significant),
    decimals,
    tail: missing === 0 ? '' : `${decimals === 0 ? '.' : ''}${'0'.repeat(missing)}`,
  };
}

/** So many steps as the market writes them: `0.35130000` on spot, `7.6110` on futures. */
export function gridText(steps: number, { units, decimals, tail }: Grid): string {
  const digits = String(steps * units);
  if (decimals === 0) return digits + tail;
  if (digits.length <= decimals) return `0.${'0'.repeat(decimals - digits.length)}${digits}${tail}`;
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}${tail}`;
}

/** The steps nearest to a number, at least one. */
export function gridSteps(value: number, { units, decimals }: Grid): number {
  return Math.max(1, Math.round((value * 10 ** decimals) / units));
}
