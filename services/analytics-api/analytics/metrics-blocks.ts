import type { blockMetrics } from '../../contracts/metrics/blocks.ts';
import type { Distribution, Measures, TakenFrom } from './metric.ts';

type DistributionId = 'blockTimeP50Seconds' | 'blockTimeP95Seconds' | 'finalityP50Seconds' | 'finalityP95Seconds';

export const blockSums: TakenFrom<Measures, Exclude<keyof typeof blockMetrics, DistributionId>> = {
  blockTimeSeconds: ({ blockSeconds }) => blockSeconds?.mean ?? null,
  blockTimeMaxSeconds: ({ blockSeconds }) => blockSeconds?.max ?? null,
  finalityMaxSeconds: ({ finalityMs }) => secondsOf(finalityMs?.max),
  gasUsed: ({ gasUsed }) => gasUsed,
  gasPerSecond: (measures) => perSecond(Number(measures.gasUsed), measures),
  gasUtilisation: ({ gasUsed, gasLimit }) => (gasLimit === '0' ? null : Number(gasUsed) / Number(gasLimit)),
};

export const distributionOfBlocks: TakenFrom<Distribution, DistributionId> = {
  blockTimeP50Seconds: ({ blockSeconds }) => blockSeconds?.p50 ?? null,
  blockTimeP95Seconds: ({ blockSeconds }) => blockSeconds?.p95 ?? null,
  finalityP50Seconds: ({ finalityMs }) => secondsOf(finalityMs?.p50),
  finalityP95Seconds: ({ finalityMs }) => secondsOf(finalityMs?.p95),
};

/** How much of a count there is in a second: that in a block, by the time of a block; null where that is not known or 0. */
export function perSecond(count: number, { blocks, blockSeconds }: Measures): number | null {
  return blockSeconds === null || blockSeconds.mean === 0 || blocks === 0 ? null : count / blocks / blockSeconds.mean;
}

function secondsOf(ms: number | undefined): number | null {
  return ms === undefined ? null : ms / 1000;
}
