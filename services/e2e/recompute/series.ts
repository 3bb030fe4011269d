import { compareBuckets } from './buckets.ts';
import { type Compared, type Comparison, settle } from './comparison.ts';
import { readCsv } from './csv.ts';
import { type Size, type Stamp, sizeSeconds } from './span.ts';
import type { Subject } from './subject.ts';

interface Series {
  readonly bucket: Size;
  readonly from: number;
  readonly to: number;
  readonly metrics: readonly { readonly id: string }[];
  readonly networks: readonly {
    readonly network: string;
    readonly asOf: Stamp | null;
    readonly coverage: { readonly fromBlock: number; readonly toBlock: number; readonly complete: boolean } | null;
    readonly buckets: readonly {
      readonly start: number;
      readonly complete: boolean;
      readonly closed: boolean;
      readonly figures: Readonly<Record<string, number | string | null>>;
    }[];
  }[];
}

/** As many metrics as one question may name, with `blocks` in each: it says how far a bucket that is not complete goes. */
const metricsAtOnce = 19;

/** Every metric of buckets in every size, around the newest blocks of the networks that have a node. */
export async function compareSeries(subject: Subject, metricIds: readonly string[]): Promise<Compared[]> {
  const others = metricIds.filter((id) => id !== 'blocks');
  const all: Compared[] = [];
  for (const [network, chain] of subject.chains) {
    const { timestamp } = await chain.head();
    for (const bucket of ['minute', 'hour', 'day'] as const) {
      const to = timestamp + 1;
      const from = to - sizeSeconds[bucket] * 40;
      for (let at = 0; at < others.length; at += metricsAtOnce) {
        const metrics = ['blocks', ...others.slice(at, at + metricsAtOnce)].join(',');
        const query = `metrics=${metrics}&networks=${network}&bucket=${bucket}&from=${from}&to=${to}`;
        all.push(await compareOne(subject, `/api/v1/analytics/series?${query}`));
      }
    }
  }
  return all;
}

function compareOne(subject: Subject, path: string): Promise<Compared> {
  return settle(path, subject.patience, async (comparison) => {
    const { bucket, from, networks, metrics } = await subject.api.json<Series>(path);
    for (const { network, buckets, asOf, coverage } of networks) {
      await compareBuckets(subject, { network, size: bucket, from, buckets }, comparison);
      const counts = buckets.map(({ figures }) => Number(figures.blocks ?? 0));
      const blocks = counts.reduce((a, b) => a + b, 0);
      if (coverage?.complete === true)
        comparison.equal(`${network}: coverage`, coverage.toBlock - coverage.fromBlock + 1, blocks);
      if (subject.stands)
        comparison.equal(`${network}: asOf`, asOf?.hash, (await subject.chains.get(network)?.head())?.hash ?? null);
    }
    await compareTable(subject, path, { networks, metrics }, comparison);
  });
}

/** The same as CSV, as far as it is of the same blocks: those of buckets that only a reorganisation can change. */
async function compareTable(
  subject: Subject,
  path: string,
  { networks, metrics }: Pick<Series, 'networks' | 'metrics'>,
  comparison: Comparison,
): Promise<void> {
  const table = readCsv(await subject.api.text(`${path}&format=csv`));
  for (const { network, buckets } of networks) {
    for (const { start, closed, figures } of buckets) {
      if (!closed && !subject.stands) continue;
      const row = table.find((each) => each.network === network && startOf(each) === start);
      for (const { id } of metrics) {
        const value = figures[id] ?? null;
        comparison.equal(`CSV ${network} ${start}: ${id}`, row?.[id] ?? 'nothing', value === null ? '' : String(value));
      }
    }
  }
}

/** Unix seconds or a date: both are read. */
function startOf(row: Readonly<Record<string, string>>): number {
  const text = row.start ?? '';
  return /^\d+$/.test(text) ? Number(text) : Date.parse(text) / 1000;
}
