import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../testing/seeded-random.ts';
import type { DepthDiff, Market } from './binance/messages.ts';
import { createSymbolBook, type Outcome, type SymbolBook } from './symbol-book.ts';
import { createExchangeSymbol, type ExchangeSymbol } from './symbol-book-fixtures.ts';

/** What may happen to a stream. `again`: another socket brings diffs of before. */
type Fault = 'none' | 'drop' | 'again' | 'swap' | 'garbage' | 'disconnect' | 'reset' | 'withoutTickers';

interface Step {
  readonly fault: Fault;
  readonly changes: number;
  /** The diff comes after the snapshot, which has it already. */
  readonly isLate: boolean;
  /** Whether a snapshot that was asked for is answered now, and how old it is. */
  readonly answer: 'none' | 'failed' | 'shallow' | number;
}

for (const market of ['spot', 'usdm', 'coinm'] as const)
  test(`a live book of ${market} is the exchange's book, whatever happens to its stream and its snapshots`, () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(anyStep(), { maxLength: 60 }), (seed, steps) => {
        const run = startRun(market, seed);
        for (const step of steps) {
          run.take(step);
          expectSound(run.book, run.exchange, run.outcomes);
        }
        // Nothing goes wrong any more: the book is whole soon, and its gap closed.
        const isSettled = () => run.book.state === 'live' && run.book.gap === undefined;
        for (let left = 0; left < 10 || (left < 60 && !isSettled()); left++) {
          // Ids that began anew unseen are only known by their time.
          if (left < 3) run.exchange.wait(15_000);
          run.take({ fault: 'none', isLate: false, changes: 3, answer: left % 2 === 0 ? 1 : 'none' });
        }
        expectSound(run.book, run.exchange, run.outcomes);
        expect(run.book).toMatchObject({ state: 'live', lastUpdateId: run.exchange.lastId, gap: undefined });
      }),
      { numRuns: 400 },
    );
  });

function startRun(market: Market, seed: number) {
  const exchange = createExchangeSymbol(market, seededRandom(seed));
  const book = createSymbolBook({ symbol: 'X', market, bufferBytesMax: 20_000, now: () => exchange.nowMs });
  const outcomes: Outcome[] = [];
  const sent: DepthDiff[] = [];
  let isAsked = false;

  function note(more: readonly Outcome[]): void {
    outcomes.push(...more);
    if (more.some(({ kind }) => kind === 'wantsSnapshot')) isAsked = true;
  }

  function respond(answer: Step['answer']): void {
    if (!isAsked || answer === 'none') return;
    // Whoever loads it tries again.
    if (answer === 'failed') return;
    isAsked = false;
    if (answer === 'shallow') note(book.onSnapshot(exchange.snapshot(exchange.lastId, 3), 0));
    else note(book.onSnapshot(exchange.snapshot(exchange.lastId - answer), 0));
  }

  return {
    exchange,
    book,
    outcomes,
    take({ fault, changes, answer, isLate }: Step) {
      if (fault === 'reset') {
        exchange.resetIds();
        exchange.wait(60_000);
      }
      const { diff, tickers } = exchange.step(changes);
      const earlier = sent.slice(-4);
      sent.push(diff);
      if (fault !== 'withoutTickers' && fault !== 'disconnect')
        for (const ticker of tickers) note(book.onTicker(ticker));
      const deliver = () => {
        if (fault === 'garbage') note(book.onGarbage('no JSON'));
        else if (fault === 'disconnect') {
          isAsked = false;
          note([...book.onDisconnect('closed'), ...book.onConnect()]);
        } else if (fault === 'swap') {
          const next = exchange.step(changes).diff;
          sent.push(next);
          note([...book.onDiff(next, 0), ...book.onDiff(diff, 0)]);
        } else if (fault !== 'drop') note(book.onDiff(diff, 0));
        if (fault === 'again') for (const copy of earlier) note(book.onDiff(copy, 0));
      };
      if (isLate) respond(answer);
      deliver();
      if (!isLate) respond(answer);
    },
  };
}

/**
 * Within what it knows the book is the exchange's, unless it says that it is in doubt; and what was applied has no hole but at a
 * gap or a snapshot.
 */
function expectSound(book: SymbolBook, exchange: ExchangeSymbol, outcomes: readonly Outcome[]): void {
  let last: number | undefined;
  for (const outcome of outcomes) {
    if (outcome.kind === 'joined') last = Math.max(outcome.snapshot.lastUpdateId, last ?? 0);
    if (outcome.kind === 'opened' && outcome.gap.reason !== 'ticker' && outcome.gap.reason !== 'crossed')
      last = undefined;
    if (outcome.kind !== 'applied') continue;
    const { firstUpdateId, lastUpdateId, previousUpdateId } = outcome.diff;
    expect((previousUpdateId ?? firstUpdateId - 1) <= (last ?? -1)).toBe(true);
    last = lastUpdateId;
  }
  if (book.state === 'waiting') {
    expect(book.book.levelCount).toBe(0);
    return;
  }
  if (book.gap !== undefined) return;
  const { bidFloor, askCeiling } = book.book;
  const known = (bids: readonly Level[], asks: readonly Level[]) => [
    bids.filter(([price]) => bidFloor === null || Number(price) >= Number(bidFloor)),
    asks.filter(([price]) => askCeiling === null || Number(price) <= Number(askCeiling)),
  ];
  const truths = [exchange.truthAt(book.lastUpdateId), exchange.earlierTruthAt(book.lastUpdateId)]
    .filter((truth) => truth !== undefined)
    .map(({ bids, asks }) => known(levelsOf(bids), levelsOf(asks)));
  expect(truths).toContainEqual(known(book.book.levels('bid'), book.book.levels('ask')));
}

type Level = readonly [price: string, size: string];

function levelsOf(text: string): Level[] {
  return JSON.parse(text) as Level[];
}

function anyStep(): fc.Arbitrary<Step> {
  return fc.record({
    fault: fc.oneof(
      { weight: 6, arbitrary: fc.constant<Fault>('none') },
      {
        weight: 3,
        arbitrary: fc.constantFrom<Fault>('drop', 'again', 'swap', 'garbage', 'disconnect', 'reset', 'withoutTickers'),
      },
    ),
    changes: fc.integer({ min: 1, max: 4 }),
    isLate: fc.boolean(),
    answer: fc.oneof(
      fc.constant<Step['answer']>('none'),
      fc.constantFrom<Step['answer']>('failed', 'shallow'),
      fc.nat(12),
    ),
  });
}
