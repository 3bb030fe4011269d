import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Network } from '../../../catalog/schema/network.ts';
import {
  type BucketName,
  type OverviewAnswer,
  overviewFigures,
  type RankingAnswer,
  type SpanName,
  spanNames,
} from '../../contracts/analytics-answers.ts';
import { definitionOf, type MetricId, metricIds } from '../../contracts/analytics-metrics.ts';
import { reportMetrics } from '../../contracts/report-answers.ts';
import type { BlockAppended, ChainEvent } from '../../datasets/chain/changes.ts';
import { type ChainStores, openChainStores } from '../../datasets/chain/read-fixtures.ts';
import { type ChainDraft, chainDraft, changesOf, processChanges } from '../../datasets/chain/span-fixtures.ts';
import { writeStatus } from '../../datasets/chain/status.ts';
import { modelOf } from '../../datasets/chain/window-model.ts';
import { RetryableError } from '../../runtime/errors.ts';
import type { HttpApp } from '../../runtime/http.ts';
import { networkLike, openAnalytics, reportOf } from './analytics-fixtures.ts';
import { modelMetrics, type RawChain } from './metric-model.ts';

const day = 86_400;
const today = Math.floor(Date.now() / 1000 / day) * day;
const matic = { symbol: 'MATIC', decimals: 18 };
const full = networkLike({ id: 'full', startBlock: 5, tvlUsd: 7_000_000 });
const bare = networkLike({ id: 'bare', startBlock: 5, nativeCurrency: matic, tvlUsd: 9_000_000 });
const holey = networkLike({ id: 'holey', startBlock: 5 });
const retired = networkLike({ id: 'retired', status: 'retired', statusNote: 'switched off', startBlock: 5 });
const never = networkLike({ id: 'never' });
const alias = networkLike({
  id: 'other_name',
  aliasOf: 'full',
  tvlUsd: 8_000_000,
  status: 'retired',
  statusNote: 'Former name of full.',
});
const networks = [full, bare, holey, retired, never, alias];
const chains: ReadonlyMap<string, ChainEvent[]> = new Map([
  ['full', untilYesterday(changesOf('full', everythingTold(draftOf(1))))],
  [
    'bare',
    untilYesterday(
      changesOf('bare', { ...everythingTold(draftOf(2)), hasL1Fees: false, hasBaseFees: false, hasStatuses: false }),
    ),
  ],
  ['holey', untilYesterday(changesOf('holey', withHole(everythingTold(draftOf(3)))))],
  ['retired', changesOf('retired', everythingTold(draftOf(4)))],
]);
const models: ReadonlyMap<string, RawChain> = new Map([...chains].map(([id, events]) => [id, modelOf(events)]));

let stores: ChainStores;
let app: HttpApp;
beforeAll(async () => {
  stores = await openChainStores();
  await processChanges(stores.timeseries, [...chains.values()].flat());
  const head = newestOf('full').number + 3;
  const report = reportOf({ network: 'full', state: 'syncing', head, finalized: 6 });
  await writeStatus(stores.relational, [report, reportOf({ network: 'bare' })]);
  // They do not get old, however slow the tests are.
  await stores.relational.query(`UPDATE chain.status SET updated_at = now() + interval '1 day'`);
  app = await openAnalytics(stores, networks);
}, 120_000);
afterAll(async () => {
  await app?.close();
  await stores?.[Symbol.asyncDispose]();
});

describe('GET /api/v1/analytics/overview', () => {
  it.each(spanNames)('has of each network over %s what its blocks say', async (window) => {
    const answer = await get<OverviewAnswer>(`overview?window=${window}`);
    expect(answer.networks.map(({ network }) => network)).toEqual(networks.map(({ id }) => id).sort());
    for (const [id, model] of models) {
      const { asOf, from, coverage, figures } = rowOf(answer.networks, id);
      const span = spanOf(model, window);
      expect({ id, asOf, from, ...coverage }).toMatchObject({ id, ...span.stated });
      expect({ id, ...figures }).toEqual({ id, ...pick(modelMetrics(span.counted, model), overviewFigures) });
    }
  });

  it('says of each network how old and how whole its figures are', async () => {
    const { networks: rows } = await get<OverviewAnswer>('overview?window=30d');
    expect(rowOf(rows, 'full')).toMatchObject({
      lag: { blocks: 3, seconds: expect.any(Number) },
      sync: { state: 'syncing', reason: null, stale: false },
      coverage: { complete: true },
      head: newestOf('full').number + 3,
      finalBlock: 6,
      nativeCurrency: { symbol: 'ETH', decimals: 18 },
      tvlUsd: 7_000_000,
    });
    expect(rowOf(rows, 'holey')).toMatchObject({ coverage: { complete: false }, lag: { blocks: null } });
    expect(rowOf(rows, 'bare').figures).toMatchObject({
      baseFeeMean: null,
      l1DataFeesTotal: null,
      l1FeeShare: null,
      failedTransactions: null,
      failedShare: null,
    });
  });

  it('keeps retired networks with their history, and lists those without data and other names with none', async () => {
    const { networks: rows } = await get<OverviewAnswer>('overview');
    expect(rowOf(rows, 'retired')).toMatchObject({
      status: 'retired',
      counted: false,
      sync: { state: 'idle', reason: 'retired: switched off' },
      figures: { blocks: expect.any(Number) },
    });
    const nothing = { asOf: null, from: null, coverage: null, figures: null, counted: false };
    expect(rowOf(rows, 'never')).toMatchObject({ ...nothing, lag: { blocks: null, seconds: null }, aliasOf: null });
    expect(rowOf(rows, 'other_name')).toMatchObject({ ...nothing, aliasOf: 'full' });
  });

  it('adds up those that have not stopped, fees by currency', async () => {
    const { totals, networks: rows } = await get<OverviewAnswer>('overview?window=30d');
    const counted = rows.filter((row) => row.counted);
    expect(counted.map(({ network }) => network)).toEqual(['bare', 'full', 'holey']);
    const sum = (id: 'blocks' | 'transactions' | 'userOperations' | 'tps') =>
      counted.reduce((total, { figures }) => total + (figures?.[id] ?? 0), 0);
    expect(totals).toMatchObject({
      networks: 6,
      byState: { syncing: 1, synced: 1, idle: 2, unknown: 2 },
      byStatus: { active: 4, retired: 2 },
      counted: 3,
      complete: false,
      blocks: sum('blocks'),
      transactions: sum('transactions'),
      userOperations: sum('userOperations'),
      tps: sum('tps'),
      protocolCalls: 0,
    });
    const [bareFees, fullFees, holeyFees] = counted.map(({ figures }) => figures);
    const wei = (id: 'executionFeesTotal' | 'l1DataFeesTotal') =>
      String(BigInt(fullFees?.[id] ?? 0) + BigInt(holeyFees?.[id] ?? 0));
    expect(totals.fees).toEqual([
      {
        nativeCurrency: 'ETH',
        decimals: 18,
        networks: 2,
        executionFeesTotal: wei('executionFeesTotal'),
        l1DataFeesTotal: wei('l1DataFeesTotal'),
      },
      {
        nativeCurrency: 'MATIC',
        decimals: 18,
        networks: 1,
        executionFeesTotal: bareFees?.executionFeesTotal,
        l1DataFeesTotal: null,
      },
    ]);
  });

  it('has totals of null, not 0, where nothing is held', async () => {
    await using empty = await opened([never]);
    const { totals } = (await empty.app.inject('/api/v1/analytics/overview')).json<OverviewAnswer>();
    expect(totals).toEqual({
      networks: 1,
      byState: { unknown: 1 },
      byStatus: { active: 1 },
      counted: 0,
      complete: false,
      blocks: null,
      transactions: null,
      userOperations: null,
      tps: null,
      protocolCalls: null,
      fees: [],
    });
  });

  it('asks the stores as often for many networks as for one', async () => {
    const many = Array.from({ length: 50 }, (_, at) => networkLike({ id: `many_${at}` }));
    const queriesOf = async (some: readonly Network[]) => {
      await using counting = await opened(some);
      expect((await counting.app.inject('/api/v1/analytics/overview')).json().networks).toHaveLength(some.length);
      return counting.queries();
    };
    expect(await queriesOf([...many, full])).toBe(await queriesOf([full]));
  });
});

describe('GET /api/v1/analytics/activity, /finality and /throughput', () => {
  /** One road leads to all of them: each span is tried, and each report. */
  const tried = [
    ['1h', 'minute', ['activity']],
    ['24h', 'hour', ['finality']],
    ['7d', 'hour', ['throughput']],
    ['30d', 'day', ['activity', 'finality', 'throughput']],
  ] as const;

  it.each(tried)(
    'have of networks asked for by name over %s, and by %s, what their blocks say',
    async (window, bucket, reports) => {
      for (const report of reports) {
        const { figures: sums, details } = reportMetrics[report];
        const answer = await get<Report>(`${report}?networks=retired,full,bare,holey&window=${window}`);
        expect(answer.bucket).toBe(bucket);
        expect(answer.networks.map(({ network }) => network)).toEqual(['retired', 'full', 'bare', 'holey']);
        for (const row of answer.networks) {
          const model = modelFor(row.network);
          const { stated, counted } = spanOf(model, window);
          expect({ ...row, ...row.coverage }).toMatchObject(stated);
          const expected = modelMetrics(counted, model);
          expect(row.figures).toEqual(pick(expected, sums));
          expect(row.details).toEqual({ asOf: stated.asOf, figures: pick(expected, details) });
          const bucketFigures = row.buckets?.map(({ start, figures }) => ({ start, figures }));
          expect(bucketFigures).toEqual(
            bucketsOf(model, bucket, stated.from).map(({ start, counted: some }) => ({
              start,
              figures: pick(modelMetrics(some, model), [...sums, ...details]),
            })),
          );
        }
      }
    },
  );

  it('have of all networks what adds up, and neither details nor buckets', async () => {
    const answer = await get<Report>('activity');
    expect(answer).toMatchObject({ window: { name: '24h', seconds: day, size: 'minute' }, bucket: null });
    expect(answer.networks.map(({ network }) => network)).toEqual(networks.map(({ id }) => id).sort());
    for (const row of answer.networks) expect([row.details, row.buckets]).toEqual([null, null]);
  });

  it('have nothing of a network without data, and of another name the network itself', async () => {
    const { networks: rows } = await get<Report>('finality?networks=never,other_name');
    expect(rows[0]).toMatchObject({ network: 'never', asOf: null, figures: null, details: null, buckets: [] });
    expect(rows[1]).toMatchObject({ network: 'full', asOf: { number: newestOf('full').number } });
  });

  it('refuse what is no list, no network, no bucket, and too much', async () => {
    const errorOf = async (query: string) => (await app.inject(`/api/v1/analytics/activity?${query}`)).json();
    expect(await errorOf('networks=ful,bare')).toMatchObject({ status: 404, near: ['full'] });
    for (const networks of [
      '',
      ',',
      'full,',
      'full,,bare',
      'full,full',
      Array(11)
        .fill('x')
        .map((x, at) => x + at)
        .join(),
    ]) {
      expect(await errorOf(`networks=${networks}`)).toMatchObject({ status: 400, errors: [{ parameter: 'networks' }] });
    }
    expect(await errorOf('bucket=hour')).toMatchObject({ status: 400, errors: [{ parameter: 'bucket' }] });
    expect(await errorOf('networks=full&window=7d&bucket=minute')).toMatchObject({ status: 400 });
    expect(await errorOf('networks=full&window=2d')).toMatchObject({ status: 400, errors: [{ parameter: 'window' }] });
    expect(await errorOf('network=full')).toMatchObject({ status: 400, errors: [{ parameter: 'network' }] });
  });
});

describe('GET /api/v1/analytics/rankings', () => {
  it.each(['transactions', 'executionFeesTotal', 'l1FeeShare', 'tvlUsd'] as const)(
    'has %s in order',
    async (metric) => {
      const answer = await get<RankingAnswer>(`rankings?metric=${metric}&window=30d`);
      const modelled = (id: string) => {
        const model = models.get(id);
        // That of the other name is of the network itself.
        if (metric === 'tvlUsd')
          return id === alias.id ? null : (networks.find((each) => each.id === id)?.tvlUsd ?? null);
        return model === undefined ? null : modelMetrics(spanOf(model, '30d').counted, model)[metric];
      };
      expect(answer.total).toBe(networks.length);
      expect(answer.unit).toBe(definitionOf(metric).unit);
      const ranked = answer.networks.filter(({ rank }) => rank !== null);
      for (const { network, value, rank } of answer.networks) {
        expect({ network, value }).toEqual({ network, value: modelled(network) });
        expect(rank === null).toBe(value === null);
        if (rank !== null) expect(rank).toBe(1 + ranked.filter((other) => Number(other.value) > Number(value)).length);
      }
      expect(answer.networks.slice(0, ranked.length)).toEqual(ranked);
    },
  );

  it('is cut by limit, turned by order, and given as a table', async () => {
    const least = await get<RankingAnswer>('rankings?metric=tvlUsd&order=asc&limit=1');
    expect(least).toMatchObject({ total: 6, networks: [{ network: 'full', rank: 1, value: 7_000_000 }] });
    const table = await app.inject('/api/v1/analytics/rankings?metric=tvlUsd&limit=3&format=csv');
    expect(table.headers).toMatchObject({
      'content-type': expect.stringContaining('text/csv'),
      'content-disposition': 'attachment; filename="ranking-tvlUsd-24h.csv"',
    });
    const lines = table.body.split('\r\n').map((line) => line.split(',').slice(0, 7).join());
    expect(lines).toEqual([
      'rank,network,name,status,value,unit,nativeCurrency',
      '1,bare,bare,active,9000000,US dollars,MATIC',
      '2,full,full,active,7000000,US dollars,ETH',
      ',holey,holey,active,,US dollars,ETH',
      '',
    ]);
  });

  it('refuses metrics that do not add up', async () => {
    const refused = await app.inject('/api/v1/analytics/rankings?metric=activeSenders');
    expect(refused.json()).toMatchObject({ status: 400, errors: [{ parameter: 'metric' }] });
    expect((await app.inject('/api/v1/analytics/rankings')).statusCode).toBe(400);
  });
});

describe('GET /api/v1/analytics/metrics', () => {
  it('lists every metric with its definition, whose columns there are', async () => {
    const { metrics, total } = await get<{ metrics: { id: string; columns: string[] }[]; total: number }>('metrics');
    expect([metrics.map(({ id }) => id), total]).toEqual([metricIds, metricIds.length]);
    const rows = await stores.timeseries.query<{ name: string }>(
      `SELECT name FROM system.columns WHERE table = 'chain_windows' AND database = currentDatabase()`,
    );
    const known = rows.map(({ name }) => name);
    expect(metrics.flatMap(({ columns }) => columns).filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('the answers of analytics', () => {
  const paths = ['overview', 'activity', 'finality?networks=full', 'throughput', 'rankings?metric=tps', 'metrics'];

  it('have an ETag that stays while the data does', async () => {
    for (const path of paths) {
      const url = `/api/v1/analytics/${path}`;
      const { etag } = (await app.inject(url)).headers;
      expect((await app.inject({ url, headers: { 'if-none-match': String(etag) } })).statusCode).toBe(304);
    }
  });

  it('are kept, whatever they are written as', async () => {
    await using keeping = await opened([full], { answersKeptMs: 3_600_000 });
    for (const path of ['overview', 'rankings?metric=tps&format=csv']) {
      const ask = () => keeping.app.inject(`/api/v1/analytics/${path}`);
      const first = await ask();
      const queries = keeping.queries();
      const second = await ask();
      expect([second.body, second.headers['content-type']]).toEqual([first.body, first.headers['content-type']]);
      expect(keeping.queries()).toBe(queries);
    }
  });

  it('ask to try again when a store is away', async () => {
    const gone = async (): Promise<never> => {
      throw new RetryableError('connect ECONNREFUSED 10.0.0.7');
    };
    await using away = await opened([full], { timeseries: { query: gone, command: gone, insert: gone } });
    for (const path of paths.slice(0, -1)) {
      const { statusCode, headers } = await away.app.inject(`/api/v1/analytics/${path}`);
      expect([path, statusCode, headers['retry-after']]).toEqual([path, 503, '1']);
    }
  });
});

type Stated = Pick<OverviewAnswer['networks'][number], 'network' | 'asOf' | 'from' | 'coverage'>;
interface Report {
  readonly bucket: BucketName | null;
  readonly networks: readonly (Stated & {
    readonly figures: Record<string, unknown> | null;
    readonly details: object | null;
    readonly buckets: readonly { readonly start: number; readonly figures: object }[] | null;
  })[];
}

async function get<Answer>(path: string): Promise<Answer> {
  const answer = await app.inject(`/api/v1/analytics/${path}`);
  expect({ path, status: answer.statusCode, body: answer.body.slice(0, 500) }).toMatchObject({ status: 200 });
  return answer.json<Answer>();
}

/** An API of these networks that counts what it asks the stores. */
async function opened(some: readonly Network[], deps: Parameters<typeof openAnalytics>[2] = {}) {
  let queries = 0;
  const counting: ChainStores = {
    ...stores,
    timeseries: {
      ...stores.timeseries,
      query: (...query) => {
        queries += 1;
        return stores.timeseries.query(...query);
      },
    },
    relational: {
      ...stores.relational,
      query: (...query) => {
        queries += 1;
        return stores.relational.query(...query);
      },
    },
  };
  const own = await openAnalytics(counting, some, deps);
  return { app: own, queries: () => queries, [Symbol.asyncDispose]: () => own.close() };
}

function rowOf<Row extends { network: string }>(rows: readonly Row[], id: string): Row {
  const found = rows.find(({ network }) => network === id);
  if (found === undefined) throw new Error(`no row of ${id}`);
  return found;
}

function modelFor(id: string): RawChain {
  const model = models.get(id);
  if (model === undefined) throw new Error(`no model of ${id}`);
  return model;
}

function newestOf(id: string): BlockAppended {
  const newest = [...modelFor(id).blocks.values()].sort((a, b) => b.number - a.number)[0];
  if (newest === undefined) throw new Error(`${id} has no block`);
  return newest;
}

const bucketSeconds = { minute: 60, hour: 3600, day } as const;
const spanParts = {
  '1h': { seconds: 3600, bucket: 60 },
  '24h': { seconds: day, bucket: 60 },
  '7d': { seconds: 7 * day, bucket: 3600 },
  '30d': { seconds: 30 * day, bucket: day },
} as const;

/** The blocks of a span by the API's own words, and what it says of them. */
function spanOf({ blocks }: RawChain, name: SpanName) {
  const { seconds, bucket } = spanParts[name];
  const [newest, ...older] = [...blocks.values()].sort((a, b) => b.number - a.number);
  if (newest === undefined) throw new Error('no block');
  const { number, hash, timestamp } = newest;
  const from = timestamp - (timestamp % bucket) - seconds + bucket;
  const counted = [newest, ...older].filter((each) => from <= each.timestamp && each.timestamp <= timestamp);
  const fromBlock = Math.min(...counted.map((each) => each.number));
  return { counted, stated: { asOf: { number, hash, timestamp }, from, fromBlock, toBlock: number } };
}

function bucketsOf({ blocks }: RawChain, bucket: BucketName, from: number) {
  const seconds = bucketSeconds[bucket];
  const byStart = Map.groupBy(blocks.values(), ({ timestamp }) => timestamp - (timestamp % seconds));
  return [...byStart]
    .filter(([start]) => start + seconds > from)
    .sort(([a], [b]) => a - b)
    .map(([start, counted]) => ({ start, counted }));
}

function pick(values: Partial<Record<MetricId, unknown>>, ids: readonly MetricId[]) {
  return Object.fromEntries(ids.map((id) => [id, values[id]]));
}

/** The first drawn that has some blocks, all of them with time between. */
function draftOf(seed: number): ChainDraft {
  const found = fc
    .sample(chainDraft, { seed, numRuns: 200 })
    .find(({ steps }) => steps.length > 2 && steps.flatMap(({ append }) => append).length > 12);
  if (found === undefined) throw new Error(`seed ${seed} draws no chain`);
  return found;
}

function everythingTold(draft: ChainDraft): ChainDraft {
  const steps = draft.steps.map(({ append, ...step }) => ({
    ...step,
    append: append.map((block) => ({ ...block, missing: 0 })),
  }));
  return { ...draft, steps, startBlock: 5, hasStatuses: true, hasPrices: true, hasL1Fees: true, hasBaseFees: true };
}

/** A number is missing before its newest block. */
function withHole(draft: ChainDraft): ChainDraft {
  const last = draft.steps.at(-1);
  const template = draft.steps.flatMap(({ append }) => append)[0];
  if (last === undefined || template === undefined) throw new Error('no block');
  const newest = { ...last, append: [...last.append, { ...template, after: 30, missing: 1 }] };
  return { ...draft, steps: [...draft.steps.slice(0, -1), newest] };
}

/** Moves a chain by whole days, so that its newest block is of yesterday. */
function untilYesterday(events: readonly ChainEvent[]): ChainEvent[] {
  const newest = Math.max(...events.map((event) => (event.kind === 'finalized' ? 0 : event.timestamp)));
  const shift = today - day - (newest - (newest % day));
  return events.map((event) =>
    event.kind === 'finalized'
      ? { ...event, observedAtMs: event.observedAtMs + shift * 1000 }
      : { ...event, timestamp: event.timestamp + shift },
  );
}
