/** So many blocks come at full pace, the next so many at half of it, and so on: a week makes 15,000 blocks, not 600,000. */
const stageBlocks = 1_800;
/** After each start there are so many blocks at full pace, so that whoever starts an old chain sees it move. */
const freshBlocks = 300;
const slowestMs = 300_000;

/**
 * How long after a block the next one comes. anvil keeps every block in memory, and what it forgets it answers wrongly, so
 * a chain left alone has to grow ever slower.
 */
export function blockIntervalMs(chain: {
  readonly fullPaceMs: number;
  readonly height: number;
  readonly blocksSinceStart: number;
}): number {
  const { fullPaceMs, height, blocksSinceStart } = chain;
  if (blocksSinceStart < freshBlocks) return fullPaceMs;
  return Math.max(fullPaceMs, Math.min(slowestMs, fullPaceMs * 2 ** Math.floor(height / stageBlocks)));
}
