import type { Comparison } from './comparison.ts';
import { type Figure, figuresOfRun, finalityFigures } from './figures.ts';
import { type RawBlock, TooManyError } from './raw-chain.ts';
import type { Subject } from './subject.ts';

/** A block as answers name it. */
export interface Stamp {
  readonly number: number;
  readonly hash: string;
  readonly timestamp: number;
}

/** What every answer says of each network that it has figures of. */
export interface SpanOfNetwork {
  readonly network: string;
  readonly asOf: Stamp | null;
  readonly from: number | null;
  readonly lag: { readonly blocks: number | null; readonly seconds: number | null };
  readonly coverage: { readonly fromBlock: number; readonly toBlock: number; readonly complete: boolean } | null;
}

/** A span as answers describe it. */
export interface Window {
  readonly name: string;
  readonly seconds: number;
  readonly size: Size;
}

export type Size = 'minute' | 'hour' | 'day';
export const sizeSeconds: Readonly<Record<Size, number>> = { minute: 60, hour: 3600, day: 86_400 };

/** The blocks that an answer counted, and all that follows from them. */
export interface SpanBlocks {
  readonly blocks: readonly RawBlock[];
  readonly figures: Readonly<Record<string, Figure>>;
}

/**
 * The blocks of the span that an answer states for a network, and their figures; what it states of the span itself is compared.
 * Undefined where there is nothing to compute: no block is held, no node is given, or blocks are missing.
 */
export async function readSpan(
  subject: Subject,
  window: Window,
  said: SpanOfNetwork,
  comparison: Comparison,
): Promise<SpanBlocks | undefined> {
  const { network, asOf, from, coverage } = said;
  if (asOf === null || from === null || coverage === null) {
    comparison.holds(
      `${network}: asOf, from, coverage`,
      asOf === null && coverage === null,
      said,
      'all of them or none',
    );
    return undefined;
  }
  const seconds = sizeSeconds[window.size];
  comparison.equal(`${network}: from`, from, asOf.timestamp - (asOf.timestamp % seconds) - window.seconds + seconds);
  comparison.equal(`${network}: coverage.toBlock`, coverage.toBlock, asOf.number);
  const chain = subject.chains.get(network);
  if (chain === undefined) {
    comparison.note(`${network}: no node is given`);
    return undefined;
  }
  const { fromBlock } = coverage;
  const isFirst = fromBlock <= (subject.startBlocks.get(network) ?? 0);
  if (subject.stands) comparison.equal(`${network}: asOf.number`, asOf.number, (await chain.head()).number);
  let branch: RawBlock[];
  try {
    branch = await chain.branch(isFirst ? fromBlock : fromBlock - 1, asOf);
  } catch (error) {
    if (!(error instanceof TooManyError)) throw error;
    comparison.note(`${network}, ${window.name}: ${error.message}`);
    return undefined;
  }
  comparison.equal(`${network}: asOf.timestamp`, asOf.timestamp, branch.at(-1)?.timestamp ?? null);
  const parent = isFirst ? undefined : branch[0];
  const blocks = branch.filter(({ number, timestamp }) => number >= fromBlock && timestamp >= from);
  comparison.equal(`${network}: coverage.fromBlock`, fromBlock, blocks[0]?.number ?? null);
  const isWhole = isFirst || (parent !== undefined && parent.timestamp < from);
  if (coverage.complete || subject.stands)
    comparison.equal(`${network}: coverage.complete`, coverage.complete, isWhole);
  else comparison.note(`${network}, ${window.name}: the platform says that it does not hold all blocks of it`);
  // Without the block below, the first one's time since its parent is not known either.
  return { blocks, figures: figuresOfRun({ blocks, parent: coverage.complete ? parent : undefined }) };
}

/** Figures by their names against computed ones. Those of finality are bounded: no node tells when they were seen. */
export function compareFigures(
  comparison: Comparison,
  what: string,
  said: Readonly<Record<string, unknown>>,
  { blocks, figures }: SpanBlocks,
): void {
  for (const [name, value] of Object.entries(said)) {
    if (isFinality(name)) compareFinality(comparison, `${what}.${name}`, value, blocks);
    else if (!(name in figures))
      comparison.holds(`${what}.${name}`, false, value, 'a metric that is not computed here');
    else comparison.equal(`${what}.${name}`, value, figures[name] ?? null);
  }
}

export function isFinality(name: string): boolean {
  return (finalityFigures as readonly string[]).includes(name);
}

/** Not longer ago than the oldest block is old; seconds that a clock may be off are forgiven. */
function compareFinality(comparison: Comparison, what: string, value: unknown, blocks: readonly RawBlock[]): void {
  const oldest = Math.min(...blocks.slice(0, 1).map(({ timestamp }) => timestamp));
  const isBounded = typeof value === 'number' && value > -60 && value <= Date.now() / 1000 - oldest + 60;
  comparison.holds(what, value === null || isBounded, value, 'null, or not above the age of the oldest block');
}

/** All windows that there are, by their names. */
export const spanNames = ['1h', '24h', '7d', '30d'] as const;
