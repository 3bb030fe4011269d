/** What an address may do on, or what becomes of it. */
export type WeightVerdict =
  | { readonly status: 200; readonly usedWeight: number }
  /** 429: over the limit · 418: banned, for it went on after a 429. */
  | Refusal;

export interface Refusal {
  readonly status: 429 | 418;
  readonly usedWeight: number;
  readonly retryAfterSeconds: number;
  /** Of the minute: 1 for the first one. */
  readonly nth: number;
}

/** Request weight by address, in whole minutes of the clock as the exchange counts it. */
export interface WeightLimit {
  use(address: string, weight: number): WeightVerdict;
  /** The most that any address used in a minute. */
  readonly usedMax: number;
}

interface Address {
  minute: number;
  used: number;
  /** Requests that were refused since the last one that was not. */
  refused: number;
  bans: number;
  bannedUntilMs: number;
}

const minuteMs = 60_000;
const longestBanMs = 3 * 24 * 60 * minuteMs;

/** @param options.clock Unix milliseconds */
export function createWeightLimit(options: {
  readonly perMinute: number;
  /** So many refused requests bring a ban. */
  readonly refusalsToBan: number;
  /** The first ban; each one after it is twice as long, up to three days. */
  readonly banMs: number;
  readonly clock: () => number;
}): WeightLimit {
  const { perMinute, refusalsToBan, banMs, clock } = options;
  const addresses = new Map<string, Address>();
  let usedMax = 0;

  function use(name: string, weight: number): WeightVerdict {
    const nowMs = clock();
    const minute = Math.floor(nowMs / minuteMs);
    const address = addresses.get(name) ?? { minute, used: 0, refused: 0, bans: 0, bannedUntilMs: 0 };
    addresses.set(name, address);
    if (address.minute !== minute) Object.assign(address, { minute, used: 0, refused: 0 });
    address.used += weight;
    usedMax = Math.max(usedMax, address.used);
    const refusal = (status: 429 | 418, untilMs: number): Refusal => ({
      status,
      usedWeight: address.used,
      retryAfterSeconds: Math.ceil((untilMs - nowMs) / 1000),
      nth: address.refused,
    });
    if (nowMs < address.bannedUntilMs) return refusal(418, address.bannedUntilMs);
    if (address.used <= perMinute) return { status: 200, usedWeight: address.used };
    address.refused++;
    if (address.refused <= refusalsToBan) return refusal(429, (minute + 1) * minuteMs);
    address.bannedUntilMs = nowMs + Math.min(longestBanMs, banMs * 2 ** address.bans++);
    return refusal(418, address.bannedUntilMs);
  }

  return {
    use,
    get usedMax() {
      return usedMax;
    },
  };
}

/** True as long as no more than `most` fall into any `windowMs`; what is refused counts too. */
export function createWindowLimit(most: number, windowMs: number, clock: () => number): () => boolean {
  let times: number[] = [];
  return () => {
    const nowMs = clock();
    times = times.filter((at) => at > nowMs - windowMs);
    times.push(nowMs);
    return times.length <= most;
  };
}
