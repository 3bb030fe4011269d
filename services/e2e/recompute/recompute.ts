import type { Compared } from './comparison.ts';
import { compareLive } from './live.ts';
import { compareMetrics, compareRankings } from './metrics.ts';
import { compareOverview } from './overview.ts';
import { compareProtocols } from './protocols.ts';
import { compareReports } from './reports.ts';
import { compareSeries } from './series.ts';
import { compareStats } from './stats.ts';
import type { Subject } from './subject.ts';

/** Of one part of the API, how much was compared. */
export interface Part extends Compared {
  readonly name: string;
  readonly answers: number;
}

/** What can be compared, by name. */
export const partNames = [
  'metrics',
  'overview',
  'reports',
  'rankings',
  'series',
  'protocols',
  'stats',
  'live',
] as const;
export type PartName = (typeof partNames)[number];

/**
 * Computes every figure of /api/v1/analytics, of the statistics of networks and of /ws again, from blocks, receipts and logs of
 * nodes, and compares.
 */
export async function recompute(
  subject: Subject,
  options: { readonly only: readonly PartName[]; readonly tell: (line: string) => void },
): Promise<Part[]> {
  const { compared, metrics } = await compareMetrics(subject);
  const seriesIds = metrics.filter(({ inSeries }) => inSeries).map(({ id }) => id);
  const comparisons: Record<PartName, () => Promise<Compared[]>> = {
    metrics: async () => [compared],
    overview: () => compareOverview(subject),
    reports: () => compareReports(subject),
    rankings: () => compareRankings(subject, metrics),
    series: () => compareSeries(subject, seriesIds),
    protocols: () => compareProtocols(subject),
    stats: () => compareStats(subject),
    live: async () => [await compareLive(subject)],
  };
  const parts: Part[] = [];
  for (const name of options.only) {
    const all = await comparisons[name]();
    const part = {
      name,
      answers: all.length,
      figures: all.reduce((total, { figures }) => total + figures, 0),
      differences: all.flatMap(({ differences }) => differences),
      notes: [...new Set(all.flatMap(({ notes }) => notes))],
    };
    parts.push(part);
    options.tell(`${name}: ${part.figures} figures of ${part.answers} answers, ${part.differences.length} differ`);
  }
  return parts;
}
