import { describe, expect, it } from 'vitest';
import { createExchangeCore } from './exchange-core.ts';
import { createFaults, type SnapshotFault, type StreamFault } from './faults.ts';
import type { ExchangeMessage } from './stream-text.ts';

describe(createFaults, () => {
  it('passes everything on when nothing is wrong', () => {
    const { said, came } = run([]);
    expect(came).toEqual(said);
    expect(said.length).toBeGreaterThan(50);
  });

  it('drops', () => {
    const { said, came } = run([{ kind: 'drop', kinds: ['depth'], times: 2 }]);
    const lost = said.filter((message) => !came.includes(message));
    expect(lost).toEqual(said.filter(({ kind }) => kind === 'depth').slice(0, 2));
  });

  it('strikes the same messages for the same seed', () => {
    const half: StreamFault = { kind: 'drop', share: 0.5 };
    expect(run([half]).came).toEqual(run([half]).came);
    expect(run([half]).came.length).toBeLessThan(run([half]).said.length);
  });

  it('strikes those of a symbol, and between two times', () => {
    const { said, came } = run([{ kind: 'drop', symbols: ['BBB'], fromMs: startMs + 500, untilMs: startMs + 1000 }]);
    const lost = said.filter((message) => !came.includes(message));
    expect(lost.length).toBeGreaterThan(0);
    expect(
      lost.every(({ symbol, timeMs }) => symbol === 'BBB' && timeMs >= startMs + 500 && timeMs < startMs + 1000),
    ).toBe(true);
  });

  it('doubles', () => {
    const { said, came } = run([{ kind: 'duplicate', afterMs: 200, times: 5 }]);
    expect(came.length).toBe(said.length + 5);
    expect(new Set(came).size).toBe(said.length);
  });

  it('delays, so that others overtake', () => {
    const { said, came } = run([{ kind: 'delay', ms: 300, times: 1 }]);
    expect(came).not.toEqual(said);
    expect(new Set(came)).toEqual(new Set(said));
    expect(came.indexOf(said[0] as ExchangeMessage)).toBeGreaterThan(3);
  });

  it('swaps two of a stream', () => {
    const { said, came } = run([{ kind: 'swap', kinds: ['depth'], symbols: ['AAA'], times: 1 }]);
    const ofStream = (messages: readonly ExchangeMessage[]) =>
      messages.filter(({ stream }) => stream === 'aaa@depth@100ms');
    const [first, second, ...rest] = ofStream(said);
    expect(ofStream(came)).toEqual([second, first, ...rest]);
  });

  it('stalls, and lets all come in order in the end', () => {
    const { said, came } = run([{ kind: 'stall', untilMs: startMs + 1000 }]);
    expect(came).toEqual(said);
  });

  it('puts rubbish in the place of messages', () => {
    const { said, came } = run([{ kind: 'garbage', times: 12 }]);
    const rubbish = came.filter((message) => !said.includes(message));
    expect(rubbish.length).toBe(12);
    expect(new Set(rubbish.map(({ text }) => text.slice(0, 5))).size).toBeGreaterThan(2);
  });

  it('tells a false size where no id does', () => {
    const { said, came } = run([{ kind: 'corrupt', kinds: ['depth'] }]);
    const at = said.findIndex(({ text }, index) => text !== came[index]?.text);
    const [before, after] = [said[at]?.text ?? '', came[at]?.text ?? ''];
    expect(after.length).toBe(before.length);
    expect([...after].filter((letter, place) => letter !== before[place]).length).toBe(1);
    expect(JSON.parse(after)).toMatchObject({ u: JSON.parse(before).u });
  });

  it('gives what it held when all faults end', () => {
    const core = coreOf();
    const faults = createFaults({ source: core, seed: 1 });
    faults.injectStream({ kind: 'stall' });
    const said = core.advance(1000);
    expect(faults.pass(said)).toEqual([]);
    faults.clear();
    expect(faults.pass([])).toEqual(said);
  });

  it('answers snapshots wrongly', () => {
    const answer = (fault: SnapshotFault) => {
      const core = coreOf();
      const faults = createFaults({ source: core, seed: 1 });
      core.advance(500);
      const struck = faults.injectSnapshot(fault);
      core.advance(1000);
      const given = faults.snapshot('AAA', 5);
      expect(struck.count()).toBe(1);
      return { given, truth: core.snapshot('AAA', 5) };
    };
    expect(answer({ kind: 'status', status: 429, retryAfterSeconds: 7 }).given).toEqual({
      kind: 'status',
      status: 429,
      retryAfterSeconds: 7,
    });
    expect(answer({ kind: 'hang' }).given).toEqual({ kind: 'hang' });
    const slow = answer({ kind: 'slow', ms: 40 });
    expect(slow.given).toEqual({ kind: 'body', body: slow.truth, afterMs: 40 });
    const half = answer({ kind: 'half' });
    expect(() => JSON.parse((half.given as { body: string }).body)).toThrow();
    const stale = answer({ kind: 'stale', symbols: ['AAA'] });
    const old = JSON.parse((stale.given as { body: string }).body);
    expect(old.lastUpdateId).toBeLessThan(JSON.parse(stale.truth as string).lastUpdateId);
    expect(old.bids.length).toBe(5);
  });

  it('knows no symbol that the exchange has not', () => {
    expect(createFaults({ source: coreOf(), seed: 1 }).snapshot('NONE', 5)).toEqual({ kind: 'unknown' });
  });
});

const startMs = 1_700_000_000_000;

function coreOf() {
  const symbols = ['AAA', 'BBB'].map((symbol) => ({
    symbol,
    base: 'A',
    quote: 'B',
    tickSize: '0.01',
    stepSize: '0.1',
    price: 50,
    levels: 20,
  }));
  return createExchangeCore({ market: 'spot', symbols, seed: 3, startMs, updatesPerSecond: 10 });
}

/** Two seconds of an exchange with these faults from its start on. */
function run(faulty: readonly StreamFault[]) {
  const core = coreOf();
  const faults = createFaults({ source: core, seed: 1 });
  for (const fault of faulty) faults.injectStream(fault);
  const said: ExchangeMessage[] = [];
  const came: ExchangeMessage[] = [];
  for (let step = 0; step < 200; step++) {
    const now = core.advance(10);
    said.push(...now);
    came.push(...faults.pass(now));
  }
  faults.clear();
  came.push(...faults.pass([]));
  return { said, came };
}
