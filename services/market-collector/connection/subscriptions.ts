/** Brings the streams of one open socket to those that are wanted, by SUBSCRIBE and UNSUBSCRIBE. */
export interface Subscriptions {
  /** Delivered for certain: asked for by the address, or by a request that was answered. */
  readonly confirmed: ReadonlySet<string>;
  /** The socket is open, and delivers what its address asked for. */
  begin(): void;
  setWanted(streams: ReadonlySet<string>): void;
  /** What the exchange said that is no message of a stream. */
  onAnswer(answer: Readonly<Record<string, unknown>>): void;
  /** The request that has waited longest for its answer: since when, by performance.now(). */
  oldest(): { readonly method: string; readonly at: number } | undefined;
  stop(): void;
}

export interface SubscriptionsOptions {
  readonly wanted: ReadonlySet<string>;
  /** Those in the address. */
  readonly asked: Iterable<string>;
  /** 0 when a request may go out now; else the milliseconds until one may. */
  readonly waitMs: () => number;
  readonly send: (text: string) => void;
  /** The pause after a request for one stream that was refused. */
  readonly refusedPauseMs: number;
  readonly onConfirmed: () => void;
  readonly onRefused: (detail: string) => void;
}

interface Step {
  readonly method: 'SUBSCRIBE' | 'UNSUBSCRIBE';
  readonly streams: readonly string[];
  /** By performance.now(). */
  readonly notBefore: number;
}

const streamsARequest = 100;

export function createSubscriptions(options: SubscriptionsOptions): Subscriptions {
  let wanted = new Set(options.wanted);
  /** Asked for, and not refused so far. */
  const subscribed = new Set(options.asked);
  const confirmed = new Set<string>();
  /** Those of requests that were refused: each is asked for alone, after all others, so that one cannot keep them out. */
  const doubtful = new Set<string>();
  let doubtfulAt = 0;
  /** Requests without an answer, by their id, in order. */
  const pending = new Map<number, Step & { readonly at: number }>();
  let lastId = 0;
  let isOpen = false;
  let timer: NodeJS.Timeout | undefined;

  /** As fast as the exchange allows. */
  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    for (let step = nextStep(); isOpen && step !== undefined; step = nextStep()) {
      const waitMs = Math.max(options.waitMs(), step.notBefore - performance.now());
      if (waitMs > 0) {
        timer = setTimeout(flush, waitMs);
        return;
      }
      request(step);
    }
  }

  function request(step: Step): void {
    const { method, streams } = step;
    const id = ++lastId;
    pending.set(id, { ...step, at: performance.now() });
    for (const stream of streams) {
      if (method === 'SUBSCRIBE') subscribed.add(stream);
      else {
        subscribed.delete(stream);
        confirmed.delete(stream);
      }
    }
    options.send(JSON.stringify({ method, params: streams, id }));
  }

  function nextStep(): Step | undefined {
    const add = firstOf(wanted, (stream) => !subscribed.has(stream) && !doubtful.has(stream));
    if (add.length > 0) return { method: 'SUBSCRIBE', streams: add, notBefore: 0 };
    const remove = firstOf(subscribed, (stream) => !wanted.has(stream));
    if (remove.length > 0) return { method: 'UNSUBSCRIBE', streams: remove, notBefore: 0 };
    for (const stream of doubtful) {
      if (subscribed.has(stream)) continue;
      return { method: 'SUBSCRIBE', streams: [stream], notBefore: doubtfulAt };
    }
    return undefined;
  }

  function granted({ method, streams }: Step): void {
    if (method === 'UNSUBSCRIBE') return;
    for (const stream of streams) {
      doubtful.delete(stream);
      if (subscribed.has(stream)) confirmed.add(stream);
    }
    options.onConfirmed();
  }

  function refused({ method, streams }: Step, refusal: unknown): void {
    options.onRefused(`${method} of ${streams.length} streams: ${JSON.stringify(refusal).slice(0, 200)}`);
    // What it would not drop goes on, and is ignored.
    if (method === 'UNSUBSCRIBE') return;
    for (const stream of streams) {
      subscribed.delete(stream);
      doubtful.delete(stream);
      if (wanted.has(stream)) doubtful.add(stream);
    }
    if (streams.length === 1) doubtfulAt = performance.now() + options.refusedPauseMs;
    flush();
  }

  return {
    confirmed,
    begin: () => {
      isOpen = true;
      for (const stream of subscribed) confirmed.add(stream);
      flush();
    },
    setWanted: (streams) => {
      wanted = new Set(streams);
      for (const stream of doubtful) if (!wanted.has(stream)) doubtful.delete(stream);
      flush();
    },
    onAnswer: (answer) => {
      const id = Number(answer.id);
      const step = pending.get(id);
      if (step === undefined) return;
      pending.delete(id);
      const refusal = answer.error ?? (answer.code === undefined ? undefined : answer);
      if (refusal === undefined) granted(step);
      else refused(step, refusal);
    },
    oldest: () => pending.values().next().value,
    stop: () => {
      isOpen = false;
      clearTimeout(timer);
    },
  };
}

/** Up to a request's number of them. */
function firstOf(streams: ReadonlySet<string>, isMeant: (stream: string) => boolean): string[] {
  const found: string[] = [];
  for (const stream of streams) {
    if (!isMeant(stream)) continue;
    found.push(stream);
    if (found.length === streamsARequest) break;
  }
  return found;
}
