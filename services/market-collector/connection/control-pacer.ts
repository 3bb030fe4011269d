/** What we send on one connection: the exchange counts pings, pongs and requests alike, and cuts who sends too many a second. */
export interface ControlPacer {
  /** Something goes out now, whether there was room or not: a pong must. */
  sent(): void;
  /** 0 when a request may go out now; else the milliseconds until one may. */
  waitMs(): number;
}

/** Two places a second are kept for a pong and a ping of our own. A second here is a little longer than one. */
const reserve = 2;
const windowMs = 1_100;

/** `perSecond` is the exchange's limit; `now` is in milliseconds and never goes back. */
export function createControlPacer(perSecond: number, now: () => number = () => performance.now()): ControlPacer {
  const requestsMax = Math.max(1, perSecond - reserve);
  const times: number[] = [];
  return {
    sent: () => {
      times.push(now());
      if (times.length > perSecond * 4) times.shift();
    },
    waitMs: () => {
      const from = now() - windowMs;
      while (times[0] !== undefined && times[0] <= from) times.shift();
      const blocking = times.at(-requestsMax);
      return blocking === undefined ? 0 : Math.max(1, Math.ceil(blocking - from));
    },
  };
}
