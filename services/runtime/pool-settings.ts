/** Connections of a pool, in the brief's words. */
export interface PoolSettings {
  /** That stay open once they were needed. */
  readonly poolSize: number;
  /** Beyond them at a peak. */
  readonly maxOverflow: number;
  /** Longest wait for one. */
  readonly poolTimeoutSeconds: number;
  /** Age at which one is replaced; 0: never. */
  readonly poolRecycleSeconds: number;
}
