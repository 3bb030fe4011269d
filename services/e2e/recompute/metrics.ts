import { type Compared, type Comparison, settle } from './comparison.ts';
import { readCsv } from './csv.ts';
import { entryPoints, figuresOf, finalityFigures } from './figures.ts';
import { compareFigures, readSpan, type SpanOfNetwork, type Window } from './span.ts';
import type { Subject } from './subject.ts';

interface Metric {
  readonly id: string;
  readonly definition: string;
  readonly inRankings: boolean;
  readonly inSeries: boolean;
}

interface Ranking {
  readonly window: Window;
  readonly metric: string;
  readonly total: number;
  readonly networks: readonly (SpanOfNetwork & {
    readonly rank: number | null;
    readonly value: number | string | null;
  })[];
}

/** What the catalog states is not computed. */
const stated = new Set(['tvlUsd']);

/** That each metric told of is one that is computed here, by a definition that names the same contracts. */
export async function compareMetrics(subject: Subject): Promise<{ compared: Compared; metrics: readonly Metric[] }> {
  const path = '/api/v1/analytics/metrics';
  let metrics: readonly Metric[] = [];
  const compared = await settle(path, subject.patience, async (comparison) => {
    const answer = await subject.api.json<{ metrics: readonly Metric[]; total: number }>(path);
    metrics = answer.metrics;
    comparison.equal('total', answer.total, metrics.length);
    const known = [...Object.keys(figuresOf({ blocks: [], parent: undefined })), ...finalityFigures, ...stated];
    comparison.equal(
      'ids',
      metrics
        .map(({ id }) => id)
        .sort()
        .join(' '),
      known.sort().join(' '),
    );
    const definition = metrics.find(({ id }) => id === 'userOperations')?.definition ?? '';
    const named = definition.match(/0x[0-9a-f]{20,}(?= \(v)/g) ?? [];
    comparison.equal('userOperations: EntryPoints', named.sort().join(' '), [...entryPoints].sort().join(' '));
  });
  return { compared, metrics };
}

/** Every metric that ranks, in every window, both ways round; and that the table says what the JSON says. */
export async function compareRankings(subject: Subject, metrics: readonly Metric[]): Promise<Compared[]> {
  const all: Compared[] = [];
  for (const window of subject.windows) {
    for (const [at, { id }] of metrics.filter(({ inRankings }) => inRankings).entries()) {
      const order = at % 2 === 0 ? 'desc' : 'asc';
      const path = `/api/v1/analytics/rankings?metric=${id}&window=${window}&order=${order}&limit=500`;
      all.push(await compareRanking(subject, path, { id, order }));
    }
  }
  return all;
}

function compareRanking(
  subject: Subject,
  path: string,
  { id, order }: { readonly id: string; readonly order: 'asc' | 'desc' },
): Promise<Compared> {
  return settle(path, subject.patience, async (comparison) => {
    const { window, networks, total } = await subject.api.json<Ranking>(path);
    for (const row of networks) {
      const span = await readSpan(subject, window, row, comparison);
      if (span !== undefined && !stated.has(id)) compareFigures(comparison, row.network, { [id]: row.value }, span);
      if (row.asOf === null && !stated.has(id)) comparison.equal(`${row.network}: value`, row.value, null);
    }
    comparison.equal('total', total, networks.length);
    compareRanks(comparison, networks, order);
    if (window.name !== subject.windows[0]) return;
    const table = readCsv(await subject.api.text(`${path}&format=csv`));
    const rows = table.map(({ network, rank, value }) => ({ network, rank, value }));
    for (const [at, { network, rank }] of networks.entries()) {
      comparison.equal(`CSV, row ${at + 1}: network`, rows[at]?.network ?? null, network);
      comparison.equal(`CSV, row ${at + 1}: rank`, rows[at]?.rank ?? null, rank === null ? '' : String(rank));
    }
  });
}

/** 1 + how many come first; those without a value last; equal ones by id. */
function compareRanks(comparison: Comparison, networks: Ranking['networks'], order: 'asc' | 'desc'): void {
  const numbers = networks.map(({ value }) => (value === null ? null : Number(value)));
  const exact = (a: number | string | null, b: number | string | null): number => {
    if (typeof a === 'string' && typeof b === 'string')
      return BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
    return Number(a) - Number(b);
  };
  for (const [at, { network, rank, value }] of networks.entries()) {
    const comesFirst = (other: number | string | null): boolean =>
      other !== null && (order === 'desc' ? exact(other, value) > 0 : exact(other, value) < 0);
    const computed = value === null ? null : 1 + networks.filter((each) => comesFirst(each.value)).length;
    comparison.equal(`${network}: rank`, rank, computed);
    const before = networks[at - 1];
    if (before === undefined) continue;
    const isAfter = before.rank === rank ? before.network < network : rank === null || (before.rank ?? Infinity) < rank;
    comparison.holds(`${network}: place`, isAfter, numbers, 'by rank, equal ones by id, those without a value last');
  }
}
