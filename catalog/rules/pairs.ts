import { suggest } from '../nearest.ts';
import { at, type Rule } from '../rule.ts';

export const pairRules: readonly Rule[] = [
  {
    code: 'CAT045',
    rule: 'a symbol is its base and its quote',
    why: 'prices would be booked under the wrong asset',
    *check(view) {
      for (const entry of view.of('pair')) {
        const { symbol, base, quote } = entry.value;
        if (symbol === `${base}${quote}`) continue;
        yield at(entry, ['symbol'], `${symbol} is not ${base} + ${quote}`, 'correct the symbol, the base or the quote');
      }
    },
  },
  {
    code: 'CAT046',
    rule: 'steps and smallest orders are more than zero',
    why: 'a price is rounded by dividing by its step',
    *check(view) {
      for (const entry of view.of('pair')) {
        for (const key of ['tickSize', 'stepSize', 'minNotional'] as const) {
          const value = entry.value[key];
          if (value === undefined || /[1-9]/.test(value)) continue;
          yield at(entry, [key], `${key} is ${value}`, 'it must be more than 0');
        }
      }
    },
  },
  {
    code: 'CAT047',
    rule: "a pair's successor exists, and is not retired itself",
    why: 'history is continued there',
    *check(view) {
      for (const entry of view.of('pair')) {
        const { symbol, successor } = entry.value;
        if (successor === undefined) continue;
        if (successor === symbol) yield at(entry, ['successor'], `${symbol} succeeds itself`, 'name the other pair');
        else if (!view.isKnown('pair', successor)) {
          yield at(entry, ['successor'], `unknown pair "${successor}"`, suggest(successor, view.ids('pair')));
        } else if (view.find('pair', successor)?.value.status === 'retired') {
          yield at(entry, ['successor'], `successor ${successor} is retired`, 'name the pair that is traded');
        }
      }
    },
  },
];
