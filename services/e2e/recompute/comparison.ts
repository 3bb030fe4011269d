import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from './figures.ts';

/** Something that an answer says, and what it is. */
export interface Difference {
  /** The path asked for, and the place in the answer. */
  readonly what: string;
  readonly said: string;
  readonly computed: string;
}

/** What a question was compared in. */
export interface Compared {
  readonly figures: number;
  readonly differences: readonly Difference[];
  /** What could not be compared, and why. */
  readonly notes: readonly string[];
}

/** Takes what is compared, one figure at a time. */
export interface Comparison {
  equal(what: string, said: unknown, computed: Figure | boolean): void;
  /** For what cannot be computed, but is bounded. */
  holds(what: string, isSo: boolean, said: unknown, rule: string): void;
  note(text: string): void;
  readonly compared: Compared;
}

export function createComparison(where: string): Comparison {
  let figures = 0;
  const differences: Difference[] = [];
  const notes = new Set<string>();
  const textOf = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
  return {
    equal: (what, said, computed) => {
      figures++;
      if (isSame(said, computed)) return;
      differences.push({ what: `${where} ${what}`, said: textOf(said), computed: textOf(computed) });
    },
    holds: (what, isSo, said, rule) => {
      figures++;
      if (!isSo) differences.push({ what: `${where} ${what}`, said: textOf(said), computed: rule });
    },
    note: (text) => notes.add(text),
    get compared() {
      return { figures, differences, notes: [...notes] };
    },
  };
}

/** Numbers with a fraction may be off in their last digits: there is more than one right order to divide in. */
const relative = 1e-12;

function isSame(said: unknown, computed: Figure | boolean): boolean {
  if (typeof said !== 'number' || typeof computed !== 'number') return said === computed;
  return said === computed || Math.abs(said - computed) <= relative * Math.max(Math.abs(said), Math.abs(computed));
}

/** How long differences may last before they count. */
export interface Patience {
  limitMs(): number;
  /** One has lasted. */
  spend(): void;
}

/** If so many lasted, there is little hope for the next. */
const lastingMax = 4;
const littleHopeMs = 3_000;

export function createPatience(ms: number): Patience {
  let lasting = 0;
  return {
    limitMs: () => (lasting < lastingMax ? ms : Math.min(ms, littleHopeMs)),
    spend: () => {
      lasting++;
    },
  };
}

/**
 * Compares again and again until nothing differs, as windows are computed some seconds after their blocks and chains
 * reorganise; at last what differs stays.
 */
export async function settle(
  where: string,
  patience: Patience,
  compare: (comparison: Comparison) => Promise<void>,
): Promise<Compared> {
  for (const end = performance.now() + patience.limitMs(); ; await sleep(1000)) {
    const comparison = createComparison(where);
    try {
      await compare(comparison);
    } catch (error) {
      comparison.holds(
        '',
        false,
        'no answer that can be compared',
        error instanceof Error ? error.message : String(error),
      );
    }
    const { compared } = comparison;
    if (compared.differences.length === 0) return compared;
    if (performance.now() < end) continue;
    patience.spend();
    return compared;
  }
}
