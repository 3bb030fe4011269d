/** Values that may vanish at any time; the store behind them is the truth. */
export interface Cache {
  /** The value, or undefined when it is absent, expired or evicted. */
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * The cached value, else what `load` gives, kept for `ttlMs`. Callers that ask while a load runs share it, so a popular
   * key that expires costs one load. A failed load rejects for all of them and is not cached.
   */
  remember(key: string, ttlMs: number, load: () => Promise<string>): Promise<string>;
}
