import type {
  CatalogAnswer,
  EnvironmentsAnswer,
  PoolsAnswer,
  ProcessesAnswer,
  PromotionAnswer,
} from '../../contracts/admin-answers.ts';
import type { OverviewAnswer } from '../../contracts/analytics-answers.ts';
import type { NetworksAnswer, NetworksHealthAnswer } from '../../contracts/chain-answers.ts';
import type { NetworkNow } from '../../contracts/live-messages.ts';
import type { StatsAnswer, SymbolsAnswer } from '../../contracts/market-answers.ts';
import type { ProtocolsAnswer } from '../../contracts/protocol-answers.ts';
import type { Bed } from './bed.ts';
import { type Row, readDigests, readFigures, readStats, readTable, shownAs } from './read-figures.ts';
import { liveKeyOf, type WatchedPage } from './watched-page.ts';

/** What a page shows, and the same as the APIs tell it at their own addresses, in the same form. */
export interface Comparison {
  readonly shown: unknown;
  readonly told: unknown;
}

/** The figures of the pages, by the paths of these: each is to be asked again while the two move past each other. */
export const comparisons: Readonly<Record<string, (bed: Bed, watched: WatchedPage) => Promise<Comparison>>> = {
  '': compareOverview,
  networks: compareNetworks,
  'networks/local_op': compareNetwork,
  markets: compareMarkets,
  protocols: compareProtocols,
  pools: comparePools,
  catalog: compareCatalog,
};

async function compareOverview({ analyticsUrl }: Bed, { page }: WatchedPage): Promise<Comparison> {
  const caption = 'Networks by transactions';
  const [stats, rows] = [await readStats(page), await readTable(page, caption)];
  const { totals, networks } = await get<OverviewAnswer>(`${analyticsUrl}/api/v1/analytics/overview?window=24h`);
  const told = networks
    .filter(({ figures }) => figures !== null)
    .map(({ network, name, figures, tvlUsd }) => [
      network,
      rowOf({
        ...{ Network: name, Transactions: figures?.transactions, TPS: figures?.tps },
        ...{ 'User operations': figures?.userOperations, Failed: figures?.failedShare },
        ...{ 'Mean fee': figures?.executionFeeMean, 'L1 share': figures?.l1FeeShare },
        ...{ 'Block time': figures?.blockTimeSeconds, 'Blocks full': figures?.gasUtilisation, TVL: tvlUsd },
      }),
    ]);
  return {
    shown: { stats, rows: Object.fromEntries(rows) },
    told: {
      stats: rowOf({
        ...{ 'Networks synced': totals.byState.synced ?? 0, 'Transactions a second': totals.tps },
        ...{ Transactions: totals.transactions, 'User operations': totals.userOperations, Blocks: totals.blocks },
        'Protocol calls': totals.protocolCalls,
        ...Object.fromEntries(totals.fees.map((each) => [`Fees in ${each.nativeCurrency}`, each.executionFeesTotal])),
      }),
      rows: Object.fromEntries(told),
    },
  };
}

async function compareNetworks({ analyticsUrl }: Bed, { page, told: live }: WatchedPage): Promise<Comparison> {
  const rows = await readTable(page, 'Networks and how their sync is');
  const [{ networks }, health] = await Promise.all([
    get<NetworksAnswer>(`${analyticsUrl}/api/v1/l2/networks`),
    get<NetworksHealthAnswer>(`${analyticsUrl}/api/v1/health/networks`),
  ]);
  const told = networks
    .filter(({ id }) => rows.has(id))
    .map(({ id, name, priority, phase, tvlUsd }) => {
      const own = health.networks.find(({ network }) => network === id);
      const now = live.get(liveKeyOf({ type: 'network', network: id })) as NetworkNow | undefined;
      return [
        id,
        rowOf({
          ...{ Network: name, Priority: priority, Phase: phase, TVL: tvlUsd, Head: own?.head, Lag: own?.lag.blocks },
          ...{ TPS: now?.tps, 'Blocks/s': own?.blocksPerSecond, Errors: own?.errorRate },
          Finality: own?.finality.seconds,
        }),
      ];
    });
  const shown = [...rows].map(([id, { State: _, ...figures }]) => [id, figures]);
  return {
    shown: { ...Object.fromEntries(shown), count: rows.size > 20 },
    told: { ...Object.fromEntries(told), count: true },
  };
}

async function compareNetwork({ analyticsUrl }: Bed, { page }: WatchedPage): Promise<Comparison> {
  const [stats, blocks] = [await readStats(page), await readTable(page, 'Newest blocks')];
  const [{ networks }, { blocks: newest }] = await Promise.all([
    get<NetworksHealthAnswer>(`${analyticsUrl}/api/v1/health/networks`),
    get<{ blocks: readonly { number: number; transactions: number; baseFeePerGas: string }[] }>(
      `${analyticsUrl}/api/v1/l2/networks/local_op/blocks?limit=12`,
    ),
  ]);
  const own = networks.find(({ network }) => network === 'local_op');
  const shown = [...blocks.values()].map((row) => [row.Block, row.Transactions]);
  return {
    shown: {
      ...pick(stats, ['Head', 'Lag', 'Final', 'Base fee', 'Failed requests', 'History left']),
      blocks: shown,
    },
    told: {
      ...rowOf({ Head: own?.head, Lag: own?.lag.blocks, Final: own?.finality.number }),
      ...rowOf({ 'Base fee': newest[0]?.baseFeePerGas, 'Failed requests': own?.errorRate }),
      ...rowOf({ 'History left': own?.backfillRemaining }),
      blocks: newest.map(({ number, transactions }) => [String(number), String(transactions)]),
    },
  };
}

async function compareMarkets({ marketUrl }: Bed, { page }: WatchedPage): Promise<Comparison> {
  const [stats, rows] = [await readStats(page), await readTable(page, 'Pairs and how their collection is')];
  const [{ symbols }, { total, symbols: counts }] = await Promise.all([
    get<SymbolsAnswer>(`${marketUrl}/symbols`),
    get<StatsAnswer>(`${marketUrl}/stats`),
  ]);
  const told = symbols.map(({ symbol, state, market, category, priority }) => {
    const own = counts.find((each) => each.symbol === symbol);
    return [
      symbol,
      rowOf({
        ...{ Pair: symbol, State: state, Market: market, Category: category, Priority: priority },
        ...{ 'Records/s': own?.recordsPerSecond.last1m, Records: own?.records.total, 'Open gaps': own?.gaps.open },
      }),
    ];
  });
  const shown = [...rows].map(([symbol, { 'Last update': _, ...figures }]) => [symbol, figures]);
  return {
    shown: { stats, rows: Object.fromEntries(shown) },
    told: {
      stats: rowOf({
        ...Object.fromEntries(Object.entries(total.symbols).map(([state, count]) => [`Pairs ${state}`, count])),
        ...{ 'Records a second': total.recordsPerSecond.last1m, 'Open gaps': total.gaps.open },
        Stored: total.storage.bytes,
      }),
      rows: Object.fromEntries(told),
    },
  };
}

async function compareProtocols({ analyticsUrl }: Bed, { page }: WatchedPage): Promise<Comparison> {
  const rows = await readTable(page, 'Protocols and what was done with them');
  const { protocols } = await get<ProtocolsAnswer>(`${analyticsUrl}/api/v1/analytics/protocols?window=24h`);
  const told = protocols.map(({ protocol, category, networks, totals }) => [
    protocol,
    rowOf({
      ...{ Category: category, Networks: networks.length, Calls: totals?.calls },
      Failed: totals === null || totals.calls === 0 ? null : totals.failedCalls / totals.calls,
      ...{ Events: totals?.events, Logs: totals?.logs },
    }),
  ]);
  const shown = [...rows].map(([id, { Protocol: _, ...figures }]) => [id, figures]);
  return { shown: Object.fromEntries(shown), told: Object.fromEntries(told) };
}

async function comparePools({ adminUrl }: Bed, { page }: WatchedPage): Promise<Comparison> {
  const shown = await readFigures(page, '.panel h3 ~ div .muted > data');
  const { pools } = await get<PoolsAnswer>(`${adminUrl}api/pools`);
  const names = ['cpuMillis', 'memoryMiB', 'diskGB'] as const;
  const told = pools
    .flatMap(({ capacity }) => capacity)
    .flatMap(({ rest: { asked, given } }) => names.flatMap((name) => [asked[name], given[name]]));
  return { shown, told: told.map(String) };
}

async function compareCatalog({ adminUrl }: Bed, { page }: WatchedPage): Promise<Comparison> {
  const shown = await readDigests(page);
  const [{ digest }, { environments }, { processes }, plan] = await Promise.all([
    get<CatalogAnswer>(`${adminUrl}api/catalog`),
    get<EnvironmentsAnswer>(`${adminUrl}api/environments`),
    get<ProcessesAnswer>(`${adminUrl}api/processes`),
    get<PromotionAnswer>(`${adminUrl}api/promotion?from=staging&to=production`),
  ]);
  const told = {
    'In force here': [digest],
    Environments: environments.map(({ catalog }) => catalog?.digest),
    'What each service works by': processes.map(({ status }) => status?.catalog?.digest),
    'Staging against production': [plan.catalog.before, plan.catalog.after],
  };
  return { shown, told };
}

function rowOf(figures: Readonly<Record<string, number | string | null | undefined>>): Row {
  return Object.fromEntries(Object.entries(figures).map(([title, value]) => [title, shownAs(value)]));
}

function pick(row: Row, titles: readonly string[]): Row {
  return Object.fromEntries(titles.map((title) => [title, row[title] ?? null]));
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
