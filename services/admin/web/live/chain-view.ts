import type { ChainNews, LiveBlock } from '../../../contracts/live-messages.ts';

/** The end of a chain as it was told, and what left it meanwhile. */
export interface ChainView {
  /** Of the last change told: where to go on after a loss of the connection; 0 before the first. */
  readonly chainSeq: number;
  readonly finalized: number | null;
  /** The newest first. */
  readonly blocks: readonly LiveBlock[];
  /** Blocks that left the chain while it was looked at, the newest first. */
  readonly retracted: readonly Retracted[];
  /** What is shown was told on this connection, or goes on from there. If not, it is of before. */
  readonly isTold: boolean;
  /** What is shown is old, and since when (Unix milliseconds), by the service's own word. */
  readonly stale: { readonly reason: string; readonly since: number } | undefined;
}

export interface Retracted {
  readonly number: number;
  readonly hash: string;
  readonly seenAtMs: number;
}

export const emptyChain: ChainView = {
  chainSeq: 0,
  finalized: null,
  blocks: [],
  retracted: [],
  isTold: false,
  stale: undefined,
};

const blocksMax = 40;
const retractedMax = 100;

/** The view when it is asked for anew: that it is old is told again if it still is, and never that it is not. */
export function askedAnew(view: ChainView): ChainView {
  return { ...view, isTold: false, stale: undefined };
}

/** The view after a message of the channel `blocks`. Pure. */
export function afterNews(view: ChainView, news: ChainNews, nowMs: number): ChainView {
  switch (news.type) {
    case 'snapshot': {
      const blocks = news.blocks.toSorted((a, b) => b.number - a.number);
      return { ...view, isTold: true, chainSeq: news.chainSeq, finalized: news.finalized, blocks };
    }
    case 'block':
      return { ...view, chainSeq: news.chainSeq, blocks: withBlock(view.blocks, blockOf(news)) };
    case 'retracted': {
      const { number, hash } = news;
      const gone = { number, hash, seenAtMs: nowMs };
      return {
        ...view,
        chainSeq: news.chainSeq,
        blocks: view.blocks.filter((block) => block.hash !== hash),
        retracted: [gone, ...view.retracted].slice(0, retractedMax),
      };
    }
    case 'finalized':
      return { ...view, chainSeq: news.chainSeq, finalized: Math.max(view.finalized ?? 0, news.number) };
    case 'stale':
      return { ...view, stale: { reason: news.reason, since: news.since } };
    case 'live':
      return { ...view, stale: undefined };
    case 'resumed':
      return { ...view, isTold: true };
    // A snapshot follows, or nothing more.
    case 'reset':
    case 'removed':
      return { ...view, isTold: false };
    case 'added':
    case 'retired':
      return view;
  }
}

/** The block without what the message says of itself. */
function blockOf({
  number,
  hash,
  timestamp,
  transactions,
  logs,
  gasUsed,
  gasLimit,
  baseFeePerGas,
  fees,
}: LiveBlock): LiveBlock {
  return { number, hash, timestamp, transactions, logs, gasUsed, gasLimit, baseFeePerGas, fees };
}

/** A block of the past, which is told while history is filled in, is below what is shown. */
function withBlock(blocks: readonly LiveBlock[], block: LiveBlock): readonly LiveBlock[] {
  const lowest = blocks.at(-1)?.number ?? -1;
  if (blocks.length >= blocksMax && block.number < lowest) return blocks;
  const others = blocks.filter(({ number }) => number !== block.number);
  const at = others.findIndex(({ number }) => number < block.number);
  return others.toSpliced(at === -1 ? others.length : at, 0, block).slice(0, blocksMax);
}
