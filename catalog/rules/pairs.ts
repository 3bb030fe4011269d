import { suggest } from '../nearest.ts';
import { at, clashes, placeName, type Rule } from '../rule.ts';
import { exchangeSymbolOf, type Pair } from '../schema/pair.ts';

export const pairRules: readonly Rule[] = [
  {
    code: 'CAT045',
    rule: "a symbol is its base and its quote, and so is the exchange's, to which futures may add a term",
    why: 'prices would be booked under the wrong asset',
    *check(view) {
      for (const entry of view.of('pair')) {
        const { symbol, exchangeSymbol, base, quote, market } = entry.value;
        const asset = `${base}${quote}`;
        const named = exchangeSymbolOf(entry.value);
        const key = exchangeSymbol === undefined ? 'symbol' : 'exchangeSymbol';
        if (!isNameIn(market, named, asset)) {
          const message = `${named} is not ${base} + ${quote}${terms[market]}`;
          yield at(entry, [key], message, `correct the ${key}, the base, the quote or the market`);
        } else if (symbol !== asset && !symbol.startsWith(`${asset}.`) && !symbol.startsWith(`${asset}_`)) {
          // Ours may end in what tells it from another market's pair: BTCUSDT.P.
          yield at(entry, ['symbol'], `${symbol} is not ${base} + ${quote}`, 'begin it with the base and the quote');
        }
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
  {
    code: 'CAT048',
    rule: "an exchange's name in one of its markets is one pair of ours",
    why: 'one stream would fill two books, and every request and row would be paid for twice',
    *check(view) {
      for (const { first, second, key } of clashes(view.of('pair'), ({ value }) => nameOf(value))) {
        // The same symbol twice is a clash of ids, and reported as one.
        if (first.id === second.id) continue;
        const path = [second.value.exchangeSymbol === undefined ? 'symbol' : 'exchangeSymbol'];
        const message = `${key} is already ${first.id} (${placeName(first, ['symbol'])})`;
        yield at(second, path, message, 'remove one of the two, or correct its market or exchangeSymbol');
      }
    },
  },
];

const terms: Readonly<Record<Pair['market'], string>> = { spot: '', usdm: ' or that + _<term>', coinm: ' + _<term>' };

/** Binance: spot BTCUSDT · usdm BTCUSDT, BTCUSDT_240927 · coinm BTCUSD_PERP, BTCUSD_240927. */
function isNameIn(market: Pair['market'], name: string, asset: string): boolean {
  const hasTerm = name.startsWith(`${asset}_`);
  switch (market) {
    case 'spot':
      return name === asset;
    case 'usdm':
      return name === asset || hasTerm;
    case 'coinm':
      return hasTerm;
  }
}

function nameOf(pair: Pair): string {
  return `${pair.exchange} ${pair.market} ${exchangeSymbolOf(pair)}`;
}
