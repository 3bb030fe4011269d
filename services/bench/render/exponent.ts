/** One measurement: how long something took at a size. */
export interface Point {
  readonly size: number;
  readonly seconds: number;
}

/**
 * The exponent e of seconds ~ size^e that fits the points best: the slope of the straight line through them on
 * logarithmic axes. 1 is linear, 2 quadratic; undefined for fewer than two sizes.
 */
export function fitExponent(points: readonly Point[]): number | undefined {
  const logs = points.map(({ size, seconds }) => ({ x: Math.log(size), y: Math.log(seconds) }));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(logs.map((log) => log.x)), mean(logs.map((log) => log.y))];
  const spread = logs.reduce((sum, log) => sum + (log.x - x) ** 2, 0);
  if (!(spread > 0)) return undefined;
  return logs.reduce((sum, log) => sum + (log.x - x) * (log.y - y), 0) / spread;
}
