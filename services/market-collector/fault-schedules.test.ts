import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExchangeCore } from '../testing/exchange/exchange-core.ts';
import type { TrueBook } from '../testing/exchange/exchange-source.ts';
import { createFaults, type Injected, type SnapshotFault, type StreamFault } from '../testing/exchange/faults.ts';
import type { ExchangeMessage } from '../testing/exchange/stream-text.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import type { BookTicker, DepthSnapshot, Market } from './binance/messages.ts';
import { parseStreamMessage } from './binance/parse-message.ts';
import { parseSnapshot } from './binance/parse-snapshot.ts';
import { createSymbolBook, type Outcome, type SnapshotReason } from './symbol-book.ts';

/** A change of the rules is worth ten thousand and more; those of every day are the first of the same ones. */
const runs = Number(process.env.DEFIMON_SCHEDULES ?? 2_000);

/**
 * What these schedules show, for the rules of all three markets:
 *
 * Seen by the ids, whatever the levels say: a diff that is lost, late, out of order, doubled or unreadable; a lost connection,
 * noticed or not; a snapshot that is too old, fails, or is ahead of a stream that stalls; an exchange that counts anew. The
 * book is then either the exchange's own at its id, or it is not live, its gap is on record, and it is whole again once the
 * faults are over.
 *
 * Seen by the ticker only: a diff whose ids are right and whose sizes are not, as soon as the level is the best and the
 * ticker of the next change came; and that no diff comes any more, once the best was another for seconds.
 *
 * Seen by nobody: the same below the best, until the level becomes the best or is told again; and that the newest diffs are
 * missing while neither an update nor a ticker follows them: until then the book is right at its own id, which is all it claims.
 */
describe(createSymbolBook, () => {
  const title = `is right or not live in ${runs.toLocaleString('en')} schedules of faults, and whole again after each`;
  it(title, { timeout: 300_000 + 10 * runs }, () => {
    const tally = { live: 0, opened: 0, closed: 0, deepened: 0, stalled: 0, reasons: new Set<string>() };
    fc.assert(
      fc.property(schedules(anyFault), (schedule) => {
        const listener = listen(schedule);
        for (const step of schedule.steps) listener.run(step);
        listener.recover();
        tally.live += listener.checked;
        tally.opened += listener.opened;
        tally.closed += listener.closed;
        tally.deepened += listener.deepened;
        tally.stalled += listener.stalled;
        for (const reason of listener.reasons) tally.reasons.add(reason);
      }),
      { numRuns: runs, seed: 4 },
    );
    // The schedules are worth something only if they reach every way out.
    expect(tally.live / runs).toBeGreaterThan(10);
    expect(tally.opened / runs).toBeGreaterThan(0.5);
    expect(tally.closed).toBe(tally.opened);
    expect(tally.deepened).toBeGreaterThan(0);
    expect(tally.stalled / runs).toBeGreaterThan(0.005);
    expect([...tally.reasons].sort()).toEqual(['disconnect', 'garbage', 'overflow', 'sequence', 'ticker']);
  });

  it('opens no gap for what is harmless: a doubled connection, a stall, lost trades, late or failed snapshots', () => {
    fc.assert(
      fc.property(schedules(harmlessFault), (schedule) => {
        const listener = listen({ ...schedule, ...calm });
        for (const step of schedule.steps) listener.run(step);
        listener.recover();
        expect(listener.opened).toBe(0);
        expect(listener.checked).toBeGreaterThan(0);
      }),
      { numRuns: 500, seed: 5 },
    );
  });

  it('finds a diff of false sizes by the ticker when it touches the best, and at the latest with the ticker after it', () => {
    let found = 0;
    let wrongBelow = 0;
    fc.assert(
      fc.property(schedules(falseSizes), (schedule) => {
        const listener = listen({ ...schedule, ...calm, falseSizes: true });
        for (const step of schedule.steps) listener.run(step);
        found += listener.opened;
        wrongBelow += listener.wrongBelow;
        for (const reason of listener.reasons) expect(['ticker']).toContain(reason);
      }),
      { numRuns: 1_000, seed: 6 },
    );
    expect(found).toBeGreaterThan(100);
    expect(wrongBelow).toBeGreaterThan(100);
  });
});

type Fault =
  | { readonly kind: 'stream'; readonly fault: StreamFault }
  | { readonly kind: 'snapshot'; readonly fault: SnapshotFault }
  /** The connection is lost, and the collector knows. */
  | { readonly kind: 'disconnect' }
  /** The connection says nothing any more; in the end the collector gives it up. */
  | { readonly kind: 'halfOpen' }
  /** A second connection says all that the first one says, a little later. */
  | { readonly kind: 'overlap'; readonly lagMs: number }
  | { readonly kind: 'halt' }
  /** The depth stream dies alone. */
  | { readonly kind: 'deadDepth' }
  | { readonly kind: 'resetIds' }
  | { readonly kind: 'none' };

interface Step {
  readonly fault: Fault;
  /** In steps of 50 ms: how long the fault lasts, and the peace after it. */
  readonly lasts: number;
  readonly peace: number;
  /** It goes on until the next one ends. */
  readonly overhangs: boolean;
}

interface Schedule {
  readonly market: Market;
  readonly seed: number;
  readonly levels: number;
  readonly limit: number;
  readonly updatesPerSecond: number;
  readonly bufferBytesMax: number;
  /** In steps of 50 ms: how old a snapshot is that is given at the start, as from a cache. */
  readonly startsStaleBy: number;
  readonly steps: readonly Step[];
  /** Diffs may be false where no id tells: the book is then compared only as far as the ticker can. */
  readonly falseSizes?: boolean;
}

const struckKinds = fc.constantFrom<ExchangeMessage['kind'][][]>(
  ['depth'],
  ['depth'],
  ['ticker'],
  ['depth', 'ticker', 'trade'],
);
const struck = { kinds: struckKinds, share: fc.constantFrom(0.2, 0.5, 1) };
const once = { kinds: fc.constant<ExchangeMessage['kind'][]>(['depth']), times: fc.constantFrom(1, 2) };

function streamFault(fault: fc.Arbitrary<StreamFault>): fc.Arbitrary<Fault> {
  return fault.map((value) => ({ kind: 'stream', fault: value }));
}

function snapshotFault(fault: fc.Arbitrary<SnapshotFault>): fc.Arbitrary<Fault> {
  return fault.map((value) => ({ kind: 'snapshot', fault: value }));
}

const overlap = fc.record({ kind: fc.constant('overlap'), lagMs: fc.constantFrom(0, 50, 150, 400) });
const stall = streamFault(fc.record({ kind: fc.constant('stall') }));
const lateSnapshot = snapshotFault(fc.record({ kind: fc.constant('slow'), ms: fc.constantFrom(100, 700, 3000) }));
const failedSnapshot = snapshotFault(
  fc.oneof(
    fc.record({ kind: fc.constant('status'), status: fc.constantFrom(418, 429, 500, 503) }),
    fc.record({ kind: fc.constantFrom('hang', 'reset', 'half') }),
  ),
);
const staleSnapshot = snapshotFault(fc.record({ kind: fc.constant('stale'), symbols: fc.constant(['AAAUSDT']) }));
const none = fc.constant<Fault>({ kind: 'none' });

const commonFault: fc.Arbitrary<Fault> = fc.oneof(
  streamFault(fc.record({ kind: fc.constant('drop'), ...once })),
  streamFault(fc.record({ kind: fc.constant('drop'), ...struck })),
  streamFault(fc.record({ kind: fc.constant('duplicate'), afterMs: fc.constantFrom(0, 50, 300, 2000), ...struck })),
  streamFault(fc.record({ kind: fc.constant('delay'), ms: fc.constantFrom(50, 200, 1000), ...struck })),
  streamFault(fc.record({ kind: fc.constant('swap'), ...struck })),
  streamFault(fc.record({ kind: fc.constant('garbage'), ...once })),
  stall,
  overlap,
  lateSnapshot,
  failedSnapshot,
  staleSnapshot,
  fc.constant<Fault>({ kind: 'disconnect' }),
  fc.constant<Fault>({ kind: 'halfOpen' }),
  fc.constant<Fault>({ kind: 'halt' }),
  none,
);

/** What takes many seconds of the exchange to be told is rare, or it would be most of the work. */
const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  { arbitrary: commonFault, weight: 60 },
  { arbitrary: fc.constant<Fault>({ kind: 'resetIds' }), weight: 1 },
  { arbitrary: fc.constant<Fault>({ kind: 'deadDepth' }), weight: 1 },
);

const harmlessFault: fc.Arbitrary<Fault> = fc.oneof(
  overlap,
  stall,
  lateSnapshot,
  failedSnapshot,
  staleSnapshot,
  fc.constant<Fault>({ kind: 'halt' }),
  streamFault(fc.constant({ kind: 'drop', kinds: ['trade'] })),
  none,
);

const falseSizes: fc.Arbitrary<Fault> = streamFault(
  fc.record({ kind: fc.constant('corrupt'), kinds: fc.constant<['depth']>(['depth']), share: fc.constantFrom(0.1, 1) }),
);

function schedules(fault: fc.Arbitrary<Fault>): fc.Arbitrary<Schedule> {
  return fc.record({
    market: fc.constantFrom('spot', 'usdm', 'coinm'),
    seed: fc.nat(),
    levels: fc.integer({ min: 3, max: 16 }),
    limit: fc.constantFrom(5, 10, 1000),
    updatesPerSecond: fc.constantFrom(2, 7, 10),
    bufferBytesMax: fc.constantFrom(900, 5_000, 1_000_000),
    startsStaleBy: fc.constantFrom(0, 0, 7),
    steps: fc.array(
      fc.record({
        fault,
        lasts: fc.integer({ min: 1, max: 14 }),
        peace: fc.nat({ max: 12 }),
        overhangs: fc.boolean(),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  });
}

/** Before its first diff nothing tells a book that its snapshot is an old one. */
const calm = { bufferBytesMax: 1_000_000, startsStaleBy: 0 };

const stepMs = 50;
const startMs = 1_700_000_000_000;
const symbol = 'AAAUSDT';
/** Gaps under which the book goes on. */
const doubts = ['ticker', 'crossed'];
/** A request in vain, and the time in which a book must find that ids began anew or that its stream died, with room. */
const recoveryMs = 60_000;
/** In steps: how long a depth stream is dead. */
const deadSteps = 160;
/** A live book may be behind a ticker that it heard for so long, and its best not be that of the ticker after it. */
const behindMsMax = 5_500;

/** A collector of one symbol behind faults, that compares its book with the exchange's own after every message. */
function listen(schedule: Schedule) {
  const { market, limit } = schedule;
  const core = createExchangeCore({
    market,
    seed: schedule.seed,
    startMs,
    stepMs,
    updatesPerSecond: schedule.updatesPerSecond,
    symbols: [
      {
        symbol,
        base: 'AAA',
        quote: 'USDT',
        tickSize: '0.0001',
        stepSize: '0.01',
        price: 12.34,
        levels: schedule.levels,
      },
    ],
  });
  const faults = createFaults({ source: core, seed: schedule.seed });
  const random = seededRandom(schedule.seed + 1);
  const truths = new Map<number, TrueBook>();
  const book = createSymbolBook({
    symbol,
    market,
    bufferBytesMax: schedule.bufferBytesMax,
    now: core.nowMs,
    elapsedMs: core.nowMs,
  });
  const open: { current: (Outcome & { kind: 'opened' })['gap'] | undefined } = { current: undefined };
  const seen = { checked: 0, opened: 0, closed: 0, deepened: 0, stalled: 0, wrongBelow: 0, reasons: new Set<string>() };
  /** When what the book had was, by id; and the first ticker that it is behind. */
  const times = new Map<number, number[]>();
  let behind: { readonly updateId: number; readonly atMs: number } | undefined;
  let wasLive = false;
  let goesOn = false;
  let lastHeld = 0;
  /** The best of a snapshot is not compared with the ticker, that of the diffs after it is. */
  let isAudited = false;
  let connected = true;
  let silent = false;
  let resets = 0;
  let wanted: SnapshotReason | undefined;
  let request: { readonly askMs: number } | undefined;
  let answer: { readonly dueMs: number; readonly snapshot: DepthSnapshot | undefined } | undefined;
  let tickers: BookTicker[] = [];

  record();
  let endLast: () => void = () => undefined;
  if (schedule.startsStaleBy > 0) {
    endLast = faults.injectSnapshot({ kind: 'stale', symbols: [symbol] }).end;
    connected = false;
    for (let step = 0; step < schedule.startsStaleBy; step++) tick();
    connected = true;
  }
  accept(book.onConnect());

  function record(): void {
    const id = core.lastUpdateId(symbol) as number;
    if (!truths.has(id)) truths.set(id, core.truth(symbol) as TrueBook);
  }

  /** What the book says of itself must fit what it said before. */
  function accept(outcomes: readonly Outcome[]): void {
    let hasJoined = false;
    for (const outcome of outcomes) {
      switch (outcome.kind) {
        case 'opened': {
          expect(open.current).toBeUndefined();
          // It tells the last update that was right; of a doubted book that is earlier than the last one it holds.
          if (!doubts.includes(outcome.gap.reason)) expect(outcome.gap.fromUpdateId).toBe(lastHeld);
          else expect(outcome.gap.fromUpdateId).toBeLessThanOrEqual(lastHeld);
          must(!hasJoined || outcome.gap.reason !== 'sequence', 'it took a snapshot that its diffs do not fit');
          open.current = outcome.gap;
          const { toUpdateId, closedAtMs, openedAtMs, fromUpdateId } = outcome.gap;
          expect([toUpdateId, closedAtMs]).toEqual([null, null]);
          // By the clock of the exchange; a little later if another gap began there.
          const held = times.get(fromUpdateId);
          const isHeld = held?.some((timeMs) => openedAtMs >= timeMs && openedAtMs < timeMs + 10) ?? true;
          must(isHeld, `it opened at ${openedAtMs}, but had ${fromUpdateId} at ${held}`);
          must(openedAtMs <= core.nowMs(), 'it opened later than now');
          // The ticker may have been the one that was wrong: those after it count.
          tickers = [];
          seen.opened++;
          seen.reasons.add(outcome.gap.reason);
          break;
        }
        case 'closed': {
          const { toUpdateId, closedAtMs, ...begin } = outcome.gap;
          expect({ ...begin, toUpdateId: null, closedAtMs: null }).toEqual(open.current);
          must(truths.has(toUpdateId ?? -1), 'it closed with what the exchange never had');
          must(
            closedAtMs !== null && closedAtMs >= begin.openedAtMs && closedAtMs <= core.nowMs(),
            'it closed at a time that never was',
          );
          open.current = undefined;
          seen.closed++;
          break;
        }
        case 'joined':
          if (wasLive && open.current === undefined) seen.deepened++;
          hasJoined = true;
          addTime(outcome.snapshot.lastUpdateId, outcome.eventTimeMs);
          // One that is put under a book that goes on is older than the book.
          if (!goesOn) lastHeld = outcome.snapshot.lastUpdateId;
          wasLive = true;
          isAudited = false;
          break;
        case 'applied':
          // A book that the ticker contradicts goes on under its gap; no other gap passes anything on.
          must(open.current === undefined || doubts.includes(open.current.reason), 'it went on in a gap');
          isAudited = true;
          lastHeld = outcome.diff.lastUpdateId;
          addTime(lastHeld, outcome.diff.eventTimeMs);
          break;
        case 'wantsSnapshot':
          must(
            wanted === undefined || (wanted === 'deepen' && outcome.why !== 'deepen'),
            'it asked for a snapshot twice',
          );
          wanted = outcome.why;
          request = { askMs: core.nowMs() };
          answer = undefined;
          break;
        case 'stalled':
          seen.stalled++;
          forget();
          break;
        case 'dropped':
          break;
      }
    }
    goesOn = book.state === 'live';
    check();
  }

  /** What was asked for is not wanted any more. */
  function forget(): void {
    wanted = undefined;
    request = undefined;
    answer = undefined;
  }

  function addTime(id: number, timeMs: number): void {
    times.set(id, [...(times.get(id) ?? []), timeMs]);
  }

  /** A live book goes with the tickers that it hears. */
  function checkPace(): void {
    const ticker = tickers.at(-1);
    if (book.state === 'waiting' || ticker === undefined) behind = undefined;
    else {
      if (behind !== undefined && behind.updateId <= book.lastUpdateId) behind = undefined;
      const { bid, bidSize, ask, askSize } = book.book.best();
      const isSame =
        [bid, bidSize, ask, askSize].join() === [ticker.bid, ticker.bidSize, ticker.ask, ticker.askSize].join();
      // A side that is not known tells nothing; a best that is right is no sign of a stream that has died.
      if (bid === null || ask === null || isSame) behind = undefined;
      else if (ticker.updateId > book.lastUpdateId) behind ??= { updateId: ticker.updateId, atMs: core.nowMs() };
    }
    must(behind === undefined || core.nowMs() - behind.atMs <= behindMsMax, 'it is live, and far behind the exchange');
  }

  function check(): void {
    if (book.state === 'waiting') {
      must(book.book.levelCount === 0, 'it has levels though it is not live');
      // From the first snapshot on there is a gap for as long as it is not live.
      must(!wasLive || open.current !== undefined, 'it is not live, and says nothing of it');
      return;
    }
    if (open.current !== undefined) {
      must(doubts.includes(open.current.reason), 'it is live in a gap');
      if (schedule.falseSizes === true) return;
    }
    const truth = truths.get(book.lastUpdateId);
    if (truth === undefined) throw new Error(`the exchange never had a book with id ${book.lastUpdateId}`);
    seen.checked++;
    if (schedule.falseSizes === true) checkBest(truth);
    else {
      compare(book.book.levels('bid'), truth.bids, book.book.bidFloor, 1);
      compare(book.book.levels('ask'), truth.asks, book.book.askCeiling, -1);
    }
  }

  /** The best may only be wrong as long as no ticker came that settles it. */
  function checkBest(truth: TrueBook): void {
    const { bid, bidSize, ask, askSize } = book.book.best();
    const ours = [bid, bidSize, ask, askSize];
    const right = [...(truth.bids[0] as [string, string]), ...(truth.asks[0] as [string, string])];
    const below = book.book.levels('bid', 2)[1];
    if (below !== undefined && below[1] !== truth.bids.find(([price]) => price === below[0])?.[1]) seen.wrongBelow++;
    const isSettled =
      tickers.some(({ updateId }) => updateId <= book.lastUpdateId) &&
      tickers.some(({ updateId }) => updateId > book.lastUpdateId);
    if (isAudited && isSettled && bid !== null && ask !== null) expect(ours).toEqual(right);
  }

  function deliver(message: ExchangeMessage): void {
    const parsed = parseStreamMessage(`{"stream":"${message.stream}","data":${message.text}}`);
    if (parsed.kind === 'depth') accept(book.onDiff(parsed, core.nowMs()));
    else if (parsed.kind === 'ticker') {
      tickers = [...tickers.slice(-20), parsed];
      accept(book.onTicker(parsed));
    } else if (parsed.kind === 'garbage' && parsed.symbol !== undefined) accept(book.onGarbage(parsed.reason));
  }

  function snapshots(): void {
    const nowMs = core.nowMs();
    if (request !== undefined && request.askMs <= nowMs) {
      request = undefined;
      const given = faults.snapshot(symbol, limit);
      if (given.kind !== 'body') answer = { dueMs: nowMs + (given.kind === 'hang' ? 5000 : 50), snapshot: undefined };
      else answer = { dueMs: nowMs + given.afterMs + Math.floor(random() * 300), snapshot: read(given.body) };
    }
    if (answer === undefined || answer.dueMs > nowMs) return;
    const { snapshot } = answer;
    answer = undefined;
    // Whoever loads it tries again.
    if (snapshot === undefined) request = { askMs: nowMs + 500 };
    else {
      wanted = undefined;
      accept(book.onSnapshot(snapshot, nowMs));
    }
  }

  function read(body: string): DepthSnapshot | undefined {
    try {
      return parseSnapshot(body, limit);
    } catch {
      return undefined;
    }
  }

  function tick(): void {
    const said = core.advance(stepMs);
    record();
    const passed = faults.pass(said);
    if (connected && !silent) for (const message of passed) deliver(message);
    snapshots();
    accept(book.tick());
    checkPace();
  }

  function begin(fault: Fault): () => void {
    const ended = ({ end }: Injected) => end;
    switch (fault.kind) {
      case 'stream':
        return ended(faults.injectStream(fault.fault));
      case 'snapshot':
        return ended(faults.injectSnapshot(fault.fault));
      case 'overlap':
        return ended(faults.injectStream({ kind: 'duplicate', afterMs: fault.lagMs }));
      case 'disconnect':
        connected = false;
        loseConnection('closed');
        return reconnect;
      case 'halfOpen':
        silent = true;
        return () => {
          silent = false;
          // The watchdog may or may not have been quicker than the exchange.
          if (random() < 0.5) return;
          loseConnection('silent');
          reconnect();
        };
      case 'halt':
        core.setStatus(symbol, 'HALT');
        return () => core.setStatus(symbol, 'TRADING');
      case 'resetIds':
        resets++;
        core.resetIds(symbol, 1_000_000_000 - resets * 50_000_000);
        return () => undefined;
      case 'deadDepth':
        return ended(faults.injectStream({ kind: 'drop', kinds: ['depth'], share: 1 }));
      case 'none':
        return () => undefined;
    }
  }

  function loseConnection(detail: string): void {
    forget();
    tickers = [];
    accept(book.onDisconnect(detail));
  }

  function reconnect(): void {
    connected = true;
    accept(book.onConnect());
  }

  return {
    run({ fault, lasts, peace, overhangs }: Step): void {
      const end = begin(fault);
      const steps = fault.kind === 'deadDepth' ? deadSteps : lasts;
      for (let step = 0; step < steps; step++) tick();
      endLast();
      endLast = overhangs ? end : () => undefined;
      if (!overhangs) end();
      for (let step = 0; step < peace; step++) tick();
    },
    /** Without faults the book is live, and goes with the exchange, before long. */
    recover(): void {
      endLast();
      faults.clear();
      const isWhole = (): boolean =>
        book.state === 'live' && book.lastUpdateId === core.lastUpdateId(symbol) && open.current === undefined;
      const untilMs = core.nowMs() + recoveryMs;
      for (let calm = 0; calm < 4; calm = isWhole() ? calm + 1 : 0) {
        if (core.nowMs() > untilMs) throw new Error(`the book is ${book.state} at ${book.lastUpdateId} still`);
        tick();
      }
    },
    get checked() {
      return seen.checked;
    },
    get opened() {
      return seen.opened;
    },
    get closed() {
      return seen.closed;
    },
    get deepened() {
      return seen.deepened;
    },
    get stalled() {
      return seen.stalled;
    },
    get wrongBelow() {
      return seen.wrongBelow;
    },
    get reasons() {
      return seen.reasons;
    },
  };
}

/** For what is checked millions of times: `expect` would take longer than all the rest. */
function must(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new Error(otherwise);
}

/** Every known level is there with its size, no level is there that the exchange has not, and those beyond the range are true. */
function compare(
  ours: readonly (readonly [string, string])[],
  truth: readonly (readonly [string, string])[],
  floor: string | null,
  sign: 1 | -1,
): void {
  let known = 0;
  for (const [price, size] of truth) {
    if (floor !== null && sign * Number(price) < sign * Number(floor)) break;
    const mine = ours[known++];
    if (mine === undefined || mine[0] !== price || mine[1] !== size) {
      throw new Error(`level ${known}: ${JSON.stringify(mine)} is ${price}, ${size} at the exchange`);
    }
  }
  for (const [price, size] of ours.slice(known)) {
    if (truth.find(([at]) => at === price)?.[1] !== size) throw new Error(`${price}, ${size} is not at the exchange`);
  }
}
