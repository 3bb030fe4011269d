import { compareBuckets } from './buckets.ts';
import { type Compared, type Comparison, settle } from './comparison.ts';
import { place } from './figures.ts';
import { compareFigures, readSpan, type Size, type SpanOfNetwork, type Stamp, type Window } from './span.ts';
import type { Subject } from './subject.ts';

const reports = ['gas-fees', 'activity', 'finality', 'throughput'] as const;

type Figures = Readonly<Record<string, unknown>>;

interface ReportRow extends SpanOfNetwork {
  readonly figures: Figures | null;
  readonly details?: Figures | { readonly asOf: Stamp; readonly figures: Figures } | null;
  readonly buckets?: readonly { start: number; complete: boolean; closed: boolean; figures: Figures }[] | null;
  readonly head?: number | null;
  readonly finalBlock?: number | null;
}

interface Report {
  readonly window: Window;
  readonly bucket: Size | null;
  readonly networks: readonly ReportRow[];
  readonly comparison?: readonly ComparedFees[];
}

interface ComparedFees {
  readonly by: string;
  readonly networks: readonly {
    readonly network: string;
    readonly rank: number | null;
    readonly executionFee: string | null;
    readonly l1DataFee: string | null;
    readonly timesCheapest: number | null;
  }[];
}

/** Fees, activity, finality and throughput: of all networks, and of those that have a node with what does not add up and buckets. */
export async function compareReports(subject: Subject): Promise<Compared[]> {
  const named = [...subject.chains.keys()].join(',');
  const all: Compared[] = [];
  for (const report of reports) {
    for (const window of subject.windows) {
      for (const query of [`window=${window}`, `window=${window}&networks=${named}`])
        all.push(await compareReport(subject, `/api/v1/analytics/${report}?${query}`));
    }
  }
  return all;
}

function compareReport(subject: Subject, path: string): Promise<Compared> {
  return settle(path, subject.patience, async (comparison) => {
    const { window, bucket, networks, comparison: fees } = await subject.api.json<Report>(path);
    for (const row of networks) await compareRow(subject, { window, bucket, row }, comparison);
    for (const each of fees ?? []) compareFees(each, networks, comparison);
  });
}

async function compareRow(
  subject: Subject,
  { window, bucket, row }: { readonly window: Window; readonly bucket: Size | null; readonly row: ReportRow },
  comparison: Comparison,
): Promise<void> {
  const { network, figures, details = null, buckets = null, asOf, from } = row;
  comparison.equal(`${network}: figures is null`, figures === null, asOf === null);
  const span = await readSpan(subject, window, row, comparison);
  if (span !== undefined && figures !== null) compareFigures(comparison, `${network}: figures`, figures, span);
  if (span !== undefined && details !== null) await compareDetails(subject, window, row, comparison);
  if (bucket !== null && buckets !== null && from !== null)
    await compareBuckets(subject, { network, size: bucket, from, buckets }, comparison);
  await compareEnd(subject, row, comparison);
}

/** What does not add up may be of the block's successor at that height, after a reorganisation that the sums do not know yet. */
async function compareDetails(subject: Subject, window: Window, row: ReportRow, comparison: Comparison): Promise<void> {
  const { network, details } = row;
  if (details === null || details === undefined) return;
  const isStamped = (some: typeof details): some is { asOf: Stamp; figures: Figures } =>
    typeof some.asOf === 'object' && some.asOf !== null;
  const asOf = isStamped(details) ? details.asOf : row.asOf;
  const figures = isStamped(details) ? details.figures : (details as Figures);
  const span = await readSpan(subject, window, { ...row, asOf }, comparison);
  if (span !== undefined) compareFigures(comparison, `${network}: details`, figures, span);
}

/** Heads move on while we ask: they are bounded by what the node says afterwards. */
export async function compareEnd(
  subject: Subject,
  {
    network,
    asOf,
    lag,
    head = null,
    finalBlock = null,
  }: Pick<ReportRow, 'network' | 'asOf' | 'lag' | 'head' | 'finalBlock'>,
  comparison: Comparison,
): Promise<void> {
  const chain = subject.chains.get(network);
  if (chain === undefined) return;
  const [newest, final] = [await chain.head(), await chain.finalized()];
  if (head !== null) {
    if (subject.stands) comparison.equal(`${network}: head`, head, newest.number);
    else comparison.holds(`${network}: head`, head <= newest.number, head, `not above the node's, ${newest.number}`);
    if (asOf !== null) comparison.equal(`${network}: lag.blocks`, lag.blocks, Math.max(0, head - asOf.number));
  }
  if (finalBlock !== null && final !== null)
    comparison.holds(`${network}: finalBlock`, finalBlock <= final, finalBlock, `not above the node's, ${final}`);
}

/** The table of who is cheapest, against the figures in the same answer, which have been computed. */
function compareFees({ by, networks }: ComparedFees, rows: readonly ReportRow[], comparison: Comparison): void {
  const feeOf = (network: string, name: string): string | null => {
    const row = rows.find((each) => each.network === network);
    const details = row?.details as { figures?: Figures } | null | undefined;
    const value = { ...details, ...details?.figures, ...row?.figures }[name];
    return typeof value === 'string' ? value : null;
  };
  const fees = networks.map(({ network }) => feeOf(network, by));
  const known = fees.filter((fee) => fee !== null).map(BigInt);
  const cheapest = known.length === 0 ? null : BigInt(place(known, [0, 1]) ?? 0);
  for (const [at, { network, rank, executionFee, l1DataFee, timesCheapest }] of networks.entries()) {
    const fee = fees[at] ?? null;
    comparison.equal(`comparison ${network}: executionFee`, executionFee, fee);
    comparison.equal(
      `comparison ${network}: l1DataFee`,
      l1DataFee,
      feeOf(network, by.replace('executionFee', 'l1DataFee')),
    );
    const cheaper = fee === null ? null : known.filter((each) => each < BigInt(fee)).length + 1;
    comparison.equal(`comparison ${network}: rank`, rank, cheaper);
    const times = fee === null || cheapest === null || cheapest === 0n ? null : Number(fee) / Number(cheapest);
    comparison.equal(`comparison ${network}: timesCheapest`, timesCheapest, times);
  }
  const order = networks.map(({ network, rank }) => [rank ?? Number.POSITIVE_INFINITY, network] as const);
  const sorted = order.toSorted(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a - b));
  comparison.equal('comparison: order', order.map(([, id]) => id).join(' '), sorted.map(([, id]) => id).join(' '));
}
