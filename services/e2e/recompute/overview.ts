import { type Compared, type Comparison, settle } from './comparison.ts';
import { type Figure, sum } from './figures.ts';
import { callsOf, momentsOf } from './protocols.ts';
import { compareEnd } from './reports.ts';
import { compareFigures, readSpan, type SpanOfNetwork, type Window } from './span.ts';
import type { Subject } from './subject.ts';

interface Row extends SpanOfNetwork {
  readonly status: string;
  readonly sync: { readonly state: string };
  readonly nativeCurrency: { readonly symbol: string };
  readonly head: number | null;
  readonly finalBlock: number | null;
  readonly counted: boolean;
  readonly figures: Readonly<Record<string, unknown>> | null;
}

interface Overview {
  readonly window: Window;
  readonly totals: {
    readonly networks: number;
    readonly byState: Readonly<Record<string, number>>;
    readonly byStatus: Readonly<Record<string, number>>;
    readonly counted: number;
    readonly complete: boolean;
    readonly blocks: number | null;
    readonly transactions: number | null;
    readonly userOperations: number | null;
    readonly tps: number | null;
    readonly protocolCalls: number | null;
    readonly fees: readonly Readonly<Record<string, unknown>>[];
  };
  readonly networks: readonly Row[];
}

/** Rows against nodes, and totals against the rows. */
export async function compareOverview(subject: Subject): Promise<Compared[]> {
  const all: Compared[] = [];
  for (const name of subject.windows) {
    const path = `/api/v1/analytics/overview?window=${name}`;
    all.push(
      await settle(path, subject.patience, async (comparison) => {
        const { window, totals, networks } = await subject.api.json<Overview>(path);
        let protocolCalls: ReadonlySet<number> | null = new Set([0]);
        for (const row of networks) {
          const { network, figures } = row;
          comparison.equal(`${network}: figures is null`, figures === null, row.asOf === null);
          const span = await readSpan(subject, window, row, comparison);
          if (span !== undefined && figures !== null) compareFigures(comparison, `${network}: figures`, figures, span);
          await compareEnd(subject, row, comparison);
          if (!row.counted) continue;
          if (span === undefined) protocolCalls = null;
          else if (protocolCalls !== null) {
            const moments = await momentsOf(subject, network, span);
            const counts = moments.map((blocks) => callsOf(subject.protocols, network, blocks));
            protocolCalls = new Set([...protocolCalls].flatMap((total) => counts.map((count) => total + count)));
          }
        }
        compareTotals(comparison, totals, networks, window);
        const counted = networks.filter((row) => row.counted).length;
        if (counted === 0) comparison.equal('totals.protocolCalls', totals.protocolCalls, null);
        else if (protocolCalls === null) comparison.note('totals.protocolCalls: networks without a node are counted');
        else {
          const [first = null] = protocolCalls;
          const isOne = protocolCalls.has(totals.protocolCalls ?? -1);
          comparison.equal('totals.protocolCalls', totals.protocolCalls, isOne ? totals.protocolCalls : first);
        }
      }),
    );
  }
  return all;
}

function compareTotals(
  comparison: Comparison,
  totals: Overview['totals'],
  networks: readonly Row[],
  window: Window,
): void {
  const counted = networks.filter((row) => row.counted);
  const totalOf = (name: string): Figure => {
    if (counted.length === 0) return null;
    return counted.reduce((total, { figures }) => total + Number(figures?.[name] ?? 0), 0);
  };
  comparison.equal('totals.networks', totals.networks, networks.length);
  comparison.equal('totals.counted', totals.counted, counted.length);
  comparison.equal(
    'totals.complete',
    totals.complete,
    counted.length > 0 && counted.every(({ coverage }) => coverage?.complete === true),
  );
  for (const name of ['blocks', 'transactions', 'userOperations', 'tps'] as const)
    comparison.equal(`totals.${name}`, totals[name], totalOf(name));
  compareCounts(
    comparison,
    'totals.byState',
    totals.byState,
    networks.map(({ sync }) => sync.state),
  );
  compareCounts(
    comparison,
    'totals.byStatus',
    totals.byStatus,
    networks.map(({ status }) => status),
  );
  for (const { network, asOf, counted: isCounted } of networks) {
    const age = asOf === null ? Number.POSITIVE_INFINITY : Date.now() / 1000 - asOf.timestamp;
    // On the brink it may be either.
    if (Math.abs(age - window.seconds) > 30) comparison.equal(`${network}: counted`, isCounted, age < window.seconds);
  }
  const bySymbol = Map.groupBy(counted, ({ nativeCurrency }) => nativeCurrency.symbol);
  for (const fee of totals.fees) {
    const rows = bySymbol.get(String(fee.nativeCurrency)) ?? [];
    for (const name of ['executionFeesTotal', 'l1DataFeesTotal']) {
      const known = rows.flatMap(({ figures }) => (typeof figures?.[name] === 'string' ? [BigInt(figures[name])] : []));
      comparison.equal(
        `totals.fees ${String(fee.nativeCurrency)}.${name}`,
        fee[name],
        known.length === 0 ? null : String(sum(known)),
      );
    }
    const telling = rows.filter(
      ({ figures }) => figures?.executionFeesTotal !== null || figures?.l1DataFeesTotal !== null,
    );
    comparison.equal(`totals.fees ${String(fee.nativeCurrency)}.networks`, fee.networks, telling.length);
  }
}

function compareCounts(
  comparison: Comparison,
  what: string,
  said: Readonly<Record<string, number>>,
  values: readonly string[],
): void {
  const counts = Map.groupBy(values, (value) => value);
  for (const word of new Set([...Object.keys(said), ...counts.keys()]))
    comparison.equal(`${what}.${word}`, said[word] ?? 0, counts.get(word)?.length ?? 0);
}
