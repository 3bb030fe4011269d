import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLiveSocket, isBroken, type Wanted } from './live-socket.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', { OPEN: 1 });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe(createLiveSocket, () => {
  it('is live once something came, and not when a proxy alone answered', () => {
    const { live, sockets } = build();
    sockets[0]?.accept();
    expect(live.connection().kind).toBe('connecting');
    sockets[0]?.say({ type: 'pong' });
    expect(live.connection().kind).toBe('open');
  });

  it('asks again for all that is wanted after a loss, by messages made anew', () => {
    const { live, sockets } = build();
    let seq = 0;
    live.want(wanted('a', { subscribe: () => ({ op: 'subscribe', resume: seq }) }));
    sockets[0]?.accept();
    expect(sockets[0]?.sent).toEqual([{ op: 'subscribe', resume: 0 }]);
    sockets[0]?.say({ type: 'pong' });
    seq = 7;
    sockets[0]?.end();
    expect(live.connection()).toEqual({ kind: 'away', sinceMs: 0 });
    vi.advanceTimersByTime(300);
    sockets[1]?.accept();
    expect(sockets[1]?.sent).toEqual([{ op: 'subscribe', resume: 7 }]);
  });

  it('tries again more and more slowly while nothing answers, and never gives up', () => {
    const { live, sockets } = build();
    for (let turn = 0; turn < 12; turn++) {
      sockets.at(-1)?.end();
      vi.advanceTimersByTime(8_000);
      expect(sockets).toHaveLength(turn + 2);
    }
    expect(live.connection().kind).toBe('away');
  });

  it('holds a connection on which nothing comes to be dead', () => {
    const { live, sockets } = build();
    sockets[0]?.accept();
    sockets[0]?.say({ type: 'pong' });
    vi.advanceTimersByTime(20_000);
    expect(sockets[0]?.isClosed).toBe(true);
    expect(live.connection().kind).toBe('away');
    expect(sockets.length).toBeGreaterThan(1);
  });

  it('does not hold a connection to be dead because its own timers rest, as they do out of view', () => {
    const { sockets } = build({ answersPings: true });
    sockets[0]?.accept();
    sockets[0]?.say({ type: 'pong' });
    for (let minute = 0; minute < 5; minute++) {
      // The time passes at once; the timer that was due meanwhile comes late, and once.
      vi.setSystemTime(Date.now() + 55_000);
      vi.advanceTimersByTime(5_000);
    }
    expect(sockets).toHaveLength(1);
  });

  it('finds out soon after a sleep that the connection did not outlive it', () => {
    const { live, sockets } = build();
    sockets[0]?.accept();
    sockets[0]?.say({ type: 'pong' });
    vi.setSystemTime(3_600_000);
    vi.advanceTimersByTime(5_000);
    expect(live.connection().kind).toBe('open');
    vi.advanceTimersByTime(2_000);
    expect(live.connection()).toEqual({ kind: 'away', sinceMs: 0 });
  });

  it('says that it is not live once it gets what is not understood, until it is opened anew', () => {
    const { live, sockets } = build();
    const got: unknown[] = [];
    live.want(
      wanted('a', {
        onMessage: ({ n }) => {
          if (n === 'odd') throw new Error('not as described');
          got.push(n);
        },
      }),
    );
    sockets[0]?.accept();
    sockets[0]?.say({ for: 'a', n: 1 });
    vi.setSystemTime(40);
    sockets[0]?.say({ for: 'a', n: 'odd' });
    sockets[0]?.say({ for: 'a', n: 2 });
    expect(got).toEqual([1, 2]);
    expect(live.connection()).toEqual({ kind: 'unreadable', sinceMs: 40, reason: 'not as described' });
    expect(isBroken(live.connection())).toBe(true);
    sockets[0]?.end();
    vi.advanceTimersByTime(300);
    sockets[1]?.accept();
    sockets[1]?.say({ for: 'a', n: 3 });
    expect(isBroken(live.connection())).toBe(false);
  });

  it('gives a message to whom it is for, until he turns away', () => {
    const { live, sockets } = build();
    const got: unknown[] = [];
    const stop = live.want(wanted('a', { onMessage: (message) => got.push(message.n) }));
    live.want(wanted('b', { onMessage: () => got.push('b') }));
    sockets[0]?.accept();
    sockets[0]?.say({ for: 'a', n: 1 });
    stop();
    sockets[0]?.say({ for: 'a', n: 2 });
    expect(got).toEqual([1]);
    expect(sockets[0]?.sent.at(-1)).toEqual({ op: 'unsubscribe', for: 'a' });
  });

  it('opens nothing more once it is closed', () => {
    const { live, sockets } = build();
    live.close();
    sockets[0]?.end();
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
  });
});

class FakeSocket {
  readyState = 0;
  isClosed = false;
  readonly sent: unknown[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: () => void;
  readonly answersPings: boolean;
  constructor(answersPings: boolean) {
    this.answersPings = answersPings;
  }
  send(text: string): void {
    const message: { op?: string } = JSON.parse(text);
    this.sent.push(message);
    if (this.answersPings && message.op === 'ping') this.say({ type: 'pong' });
  }
  close(): void {
    this.isClosed = true;
    this.readyState = 3;
  }
  accept(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  end(): void {
    this.readyState = 3;
    this.onclose?.();
  }
}

function build({ answersPings = false } = {}) {
  const sockets: FakeSocket[] = [];
  let now = 0;
  vi.setSystemTime(0);
  const live = createLiveSocket({
    open: () => {
      const socket = new FakeSocket(answersPings);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    clock: () => {
      now = Date.now();
      return now;
    },
    random: () => 0.5,
  });
  return { live, sockets };
}

function wanted(key: string, parts: Partial<Wanted>): Wanted {
  return {
    key,
    subscribe: () => ({ op: 'subscribe', for: key }),
    unsubscribe: () => ({ op: 'unsubscribe', for: key }),
    isFor: (message) => message.for === key,
    onMessage: () => undefined,
    ...parts,
  };
}
