/** Values that may vanish at any time; the store behind them is the truth. */
export interface Cache {
  /** The value, or undefined when it is absent, expired or evicted. */
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * The cached value, else what `load` gives, kept for as long as `life` says. Callers that ask while a load runs share it, so
   * a popular key that expires costs one load. A failed load rejects for all of them and is not cached, nor is a value that
   * was deleted or set while it was loaded.
   */
  remember(key: string, life: Life, load: () => Promise<string>): Promise<string>;
  /**
   * Counts one more under the key: how many there were since the first of this window, this one included, and when the
   * window ends. The next one begins with the call after that.
   */
  count(key: string, windowMs: number): Promise<Count>;
}

/** For how long a loaded value is kept, in milliseconds; what depends on the value is asked once it is there. */
export type Life = number | ((value: string) => number);

export interface Count {
  readonly count: number;
  readonly resetMs: number;
}

export function lifeMsOf(life: Life, value: string): number {
  return typeof life === 'number' ? life : life(value);
}
