import { seededRandom } from '../testing/seeded-random.ts';

/** Random numbers that are the same for the same seed. */
export interface Random {
  /** From 0 up to 1. */
  next(): number;
  /** Around a mean, as times between events that know nothing of each other. */
  exponential(mean: number): number;
}

export function createRandom(seed: number): Random {
  const next = seededRandom(seed);
  return { next, exponential: (mean) => -mean * Math.log(1 - next()) };
}
