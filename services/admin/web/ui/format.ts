// How figures are written for people. What is not known is a dash, and never a zero.

export const unknown = '–';

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 });
const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 3 });
const dollars = new Intl.NumberFormat('en', {
  style: 'currency',
  currency: 'USD',
  notation: 'compact',
  maximumFractionDigits: 2,
});

type Maybe<T> = T | null | undefined;

/** 12,345 as it is; above that 1.23M. */
export function formatCount(value: Maybe<number>): string {
  if (value === null || value === undefined) return unknown;
  return Math.abs(value) < 100_000 ? grouped.format(value) : compact.format(value);
}

/** A number of a block and the like: every digit. */
export function formatWhole(value: Maybe<number>): string {
  return value === null || value === undefined ? unknown : value.toLocaleString('en');
}

export function formatRate(value: Maybe<number>): string {
  if (value === null || value === undefined) return unknown;
  if (value === 0) return '0';
  return Math.abs(value) >= 100 ? grouped.format(Math.round(value)) : value.toPrecision(3).replace(/\.?0+$/, '');
}

/** 0.1234 is 12.3%. */
export function formatShare(value: Maybe<number>): string {
  if (value === null || value === undefined) return unknown;
  const percent = value * 100;
  return `${percent !== 0 && Math.abs(percent) < 0.1 ? percent.toPrecision(1) : Number(percent.toFixed(1))}%`;
}

export function formatUsd(value: Maybe<number>): string {
  return value === null || value === undefined ? unknown : dollars.format(value);
}

/** Seconds as people say them: 12 s, 3 min, 2 h 5 min, 3 d. */
export function formatSeconds(value: Maybe<number>): string {
  if (value === null || value === undefined) return unknown;
  if (value < 10) return `${Number(value.toFixed(2))} s`;
  if (value < 120) return `${Math.round(value)} s`;
  if (value < 7_200) return `${Math.round(value / 60)} min`;
  if (value < 172_800) return `${Number((value / 3_600).toFixed(1))} h`;
  return `${Math.round(value / 86_400)} d`;
}

/** Three or four figures of an amount in its smallest unit, exact up to rounding: never by way of a float of the whole amount. */
function significant(amount: bigint, decimals: number): string {
  const digits = amount.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const rest = digits.slice(digits.length - decimals);
  if (whole !== '0') {
    const value = Number(`${whole}.${rest.slice(0, 3)}`);
    return formatCount(Number(value.toFixed(Math.max(0, 4 - whole.length))));
  }
  const leading = /^0*/.exec(rest)?.[0].length ?? 0;
  return amount === 0n ? '0' : `0.${rest.slice(0, leading + 3).replace(/0+$/, '')}`;
}

/** Wei of a native currency, in whichever of its units reads best: 0.0021 ETH, 1.4 gwei, 7 wei. */
export function formatWei(value: Maybe<string>, symbol = 'ETH', decimals = 18): string {
  if (value === null || value === undefined) return unknown;
  const amount = BigInt(value);
  const isEther = decimals === 18;
  if (amount === 0n) return `0 ${symbol}`;
  if (isEther && amount < 1_000_000n) return `${amount} wei`;
  if (isEther && amount < 100_000_000_000_000n) return `${significant(amount, 9)} gwei`;
  return `${significant(amount, decimals)} ${symbol}`;
}

/** Prices of gas are said in gwei. */
export function formatGwei(value: Maybe<string>): string {
  if (value === null || value === undefined) return unknown;
  const amount = BigInt(value);
  return amount > 0n && amount < 1_000_000n ? `${amount} wei` : `${significant(amount, 9)} gwei`;
}

export function formatBytes(value: Maybe<number>): string {
  if (value === null || value === undefined) return unknown;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let rest = value;
  let unit = 0;
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${rest >= 100 || unit === 0 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`;
}

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const dateAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** Of today the time alone. */
export function formatTime(ms: Maybe<number>, nowMs = Date.now()): string {
  if (ms === null || ms === undefined) return unknown;
  const isToday = new Date(ms).toDateString() === new Date(nowMs).toDateString();
  return (isToday ? clock : dateAndTime).format(ms);
}

/** The head and the tail of a hash or a digest. */
export function shortHash(hash: string): string {
  return hash.length <= 14 ? hash : `${hash.slice(0, 8)}…${hash.slice(-4)}`;
}
