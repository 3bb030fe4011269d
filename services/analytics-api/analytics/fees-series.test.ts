import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BucketName, bucketNames, seriesMetricIds } from '../../contracts/analytics-answers.ts';
import type { MetricId } from '../../contracts/analytics-metrics.ts';
import { feeReport, type GasFeesAnswer } from '../../contracts/fees-answers.ts';
import { type SeriesAnswer, seriesMetricsMax } from '../../contracts/series-answers.ts';
import type { BlockAppended } from '../../datasets/chain/changes.ts';
import { type ChainStores, openChainStores } from '../../datasets/chain/read-fixtures.ts';
import { type ChainDraft, chainDraft, changesOf, processChanges } from '../../datasets/chain/span-fixtures.ts';
import { type ChainModel, modelOf } from '../../datasets/chain/window-model.ts';
import { windowSeconds } from '../../datasets/chain/window-size.ts';
import { RetryableError } from '../../runtime/errors.ts';
import type { HttpApp } from '../../runtime/http.ts';
import { networkLike, openAnalytics } from './analytics-fixtures.ts';
import { modelMetrics } from './metric-model.ts';

const networks = [
  networkLike({ id: 'told', startBlock: 5 }),
  networkLike({ id: 'plain', startBlock: 5 }),
  networkLike({ id: 'other_coin', startBlock: 5, nativeCurrency: { symbol: 'MATIC', decimals: 18 } }),
  networkLike({ id: 'never' }),
  networkLike({ id: 'old_name', aliasOf: 'told', status: 'retired', statusNote: 'Former name of told.' }),
];
const all = { hasStatuses: true, hasPrices: true, hasL1Fees: true, hasBaseFees: true };
const logs = {
  told: changesOf('told', { ...draftOf(11), ...all }),
  plain: changesOf('plain', { ...draftOf(12), ...all, hasL1Fees: false, hasBaseFees: false }),
  other_coin: changesOf('other_coin', { ...draftOf(13), ...all }),
};
const synced = Object.keys(logs);
/** When all of them began. */
const began = 1_700_000_000;
const models = new Map<string, ChainModel>(Object.entries(logs).map(([id, events]) => [id, modelOf(events)]));

let stores: ChainStores;
let app: HttpApp;
beforeAll(async () => {
  stores = await openChainStores();
  await processChanges(stores.timeseries, Object.values(logs).flat());
  app = await openAnalytics(stores, networks);
}, 240_000);
afterAll(async () => {
  await app?.close();
  await stores?.[Symbol.asyncDispose]();
});

describe('GET /api/v1/analytics/gas-fees', () => {
  it('has of networks asked for by name what their transactions paid, percentiles and buckets included', async () => {
    const answer = await get<GasFeesAnswer>(`gas-fees?networks=${synced.join(',')},never&window=30d`);
    expect(answer).toMatchObject({ bucket: 'day', window: { name: '30d' } });
    expect(answer.networks.map(({ network }) => network)).toEqual([...synced, 'never']);
    for (const row of answer.networks.slice(0, -1)) {
      const model = modelFor(row.network);
      const counted = [...model.blocks.values()].filter(
        ({ timestamp }) => timestamp >= (row.from ?? Infinity) && timestamp <= (row.asOf?.timestamp ?? 0),
      );
      const expected = modelMetrics(counted, model);
      expect(row.figures).toEqual(pick(expected, feeReport.figures));
      expect(row.details?.figures).toEqual(pick(expected, feeReport.details));
      for (const { start, figures } of row.buckets ?? []) {
        const some = blocksFrom(model, start, 'day');
        expect(figures).toEqual(pick(modelMetrics(some, model), [...feeReport.figures, ...feeReport.details]));
      }
      expect(row.buckets?.length).toBeGreaterThan(0);
    }
    expect(answer.networks.at(-1)).toMatchObject({ figures: null, details: null, buckets: [] });
    const [told, plain] = answer.networks;
    expect(told?.figures).toMatchObject({ l1FeeShare: expect.any(Number), baseFeeMean: expect.any(String) });
    expect(plain?.figures).toMatchObject({ l1FeeShare: null, l1DataFeesTotal: null, baseFeeMean: null });
    expect(plain?.details?.figures.l1DataFeeP50).toBeNull();
  });

  it('compares networks of one currency by their medians, or all by their means', async () => {
    const named = await get<GasFeesAnswer>(`gas-fees?networks=${synced.join(',')}&window=30d`);
    expect(named.comparison.map(({ nativeCurrency, by }) => [nativeCurrency, by])).toEqual([
      ['ETH', 'executionFeeP50'],
      ['MATIC', 'executionFeeP50'],
    ]);
    const every = await get<GasFeesAnswer>('gas-fees?window=30d');
    expect(every.networks).toHaveLength(networks.length);
    const [eth] = every.comparison;
    // Another name of a network is not compared with it.
    expect(eth?.networks.map(({ network }) => network).sort()).toEqual(['never', 'plain', 'told']);
    const fees = eth?.networks.flatMap(({ executionFee }) => (executionFee === null ? [] : [BigInt(executionFee)]));
    expect(fees).toEqual(fees?.toSorted((a, b) => (a < b ? -1 : 1)));
    for (const { network, executionFee, l1DataFee } of eth?.networks ?? []) {
      const figures = every.networks.find((row) => row.network === network)?.figures;
      expect([executionFee, l1DataFee]).toEqual([figures?.executionFeeMean ?? null, figures?.l1DataFeeMean ?? null]);
    }
  });

  it('answers to another name of a network with the network itself', async () => {
    const answer = await app.inject('/api/v1/analytics/gas-fees?networks=plain,old_name&window=1h');
    expect(answer.json().networks.map(({ network }: { network: string }) => network)).toEqual(['plain', 'told']);
    expect(answer.headers.link).toBe('</api/v1/analytics/gas-fees?networks=plain,told&window=1h>; rel="canonical"');
  });
});

describe('GET /api/v1/analytics/series', () => {
  it.each(bucketNames)('has every metric by %s as the blocks of the bucket say, in JSON and in CSV', async (bucket) => {
    // The first hundred buckets of all of them.
    const from = began - (began % windowSeconds[bucket]);
    const range = `bucket=${bucket}&networks=${synced.join(',')}&from=${from}&to=${from + 100 * windowSeconds[bucket]}`;
    for (let at = 0; at < seriesMetricIds.length; at += seriesMetricsMax) {
      const metrics = seriesMetricIds.slice(at, at + seriesMetricsMax);
      const query = `${range}&metrics=${metrics.join(',')}`;
      const answer = await get<SeriesAnswer>(`series?${query}`);
      expect(answer).toMatchObject({ from, networks: synced.map((network) => ({ network })) });
      for (const { network, asOf, buckets } of answer.networks) {
        const model = modelFor(network);
        expect(asOf?.timestamp).toBe(Math.max(...[...model.blocks.values()].map(({ timestamp }) => timestamp)));
        const modelled = [...model.windows(windowSeconds[bucket]).values()]
          .filter(({ start, blocks }) => start < answer.to && blocks > 0)
          .sort((a, b) => a.start - b.start);
        expect(buckets).toEqual(
          modelled.map(({ start, complete, closed }) => ({
            ...{ start, complete, closed },
            figures: pick(modelMetrics(blocksFrom(model, start, bucket), model), metrics),
          })),
        );
      }
      const lines = (await app.inject(`/api/v1/analytics/series?${query}&format=csv`)).body.split('\r\n');
      expect(lines[0]).toBe(['network,start,startTime,complete,closed', ...metrics].join(','));
      expect(lines.slice(1, -1)).toEqual(
        answer.networks.flatMap(({ network, buckets }) =>
          buckets.map(({ start, complete, closed, figures }) => {
            const values = metrics.map((each) => figures[each]);
            return [network, start, new Date(start * 1000).toISOString(), complete, closed, ...values].join(',');
          }),
        ),
      );
    }
  });

  it('says which blocks there are, and nothing of what is not held', async () => {
    const range = 'from=2023-11-14&to=2024-01-14T00:00:00%2B00:00';
    const answer = await get<SeriesAnswer>(`series?metrics=blocks,tps&networks=told,never&bucket=day&${range}`);
    expect(answer).toMatchObject({ from: Date.UTC(2023, 10, 14) / 1000, to: Date.UTC(2024, 0, 14) / 1000 });
    expect(answer.metrics).toMatchObject([{ id: 'blocks', unit: 'blocks' }, { id: 'tps' }]);
    const numbers = [...modelFor('told').blocks.keys()];
    const [told, never] = answer.networks;
    expect(told?.coverage).toEqual({
      fromBlock: Math.min(...numbers),
      toBlock: Math.max(...numbers),
      complete: Math.max(...numbers) - Math.min(...numbers) + 1 === numbers.length,
    });
    expect(never).toMatchObject({ asOf: null, coverage: null, buckets: [], sync: { state: 'unknown' } });
    // The newest day is still open.
    expect(told?.buckets.at(-1)).toMatchObject({ complete: false, closed: false });
    expect(await get<SeriesAnswer>('series?metrics=tps&networks=told')).toMatchObject({
      bucket: 'hour',
      networks: [{ asOf: expect.any(Object), coverage: null, buckets: [] }],
    });
  });

  it('is given as a table to download', async () => {
    const url =
      '/api/v1/analytics/series?metrics=tps&networks=never&bucket=day&from=2026-01-01&to=2026-01-31&format=csv';
    const { headers, body } = await app.inject(url);
    expect(headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="series-tps-by-day-2026-01-01-to-2026-01-30.csv"',
    });
    expect(body).toBe('network,start,startTime,complete,closed,tps\r\n');
    const again = await app.inject({ url, headers: { 'if-none-match': String(headers.etag) } });
    expect(again.statusCode).toBe(304);
  });

  it('is of the network itself, asked for by another name, as JSON and as a table', async () => {
    const query = 'metrics=tps&networks=old_name&bucket=day&from=2026-01-01&to=2026-01-31';
    for (const format of ['json', 'csv']) {
      const { headers } = await app.inject(`/api/v1/analytics/series?${query}&format=${format}`);
      expect(headers.link).toBe(
        `</api/v1/analytics/series?${query.replace('old_name', 'told')}&format=${format}>; rel="canonical"`,
      );
    }
    expect(await get<SeriesAnswer>(`series?${query}`)).toMatchObject({ networks: [{ network: 'told' }] });
  });

  it.each([
    ['networks=told', 'metrics'],
    ['metrics=tps', 'networks'],
    ['metrics=tsp&networks=told', 'metrics'],
    ['metrics=tps&networks=told,told', 'networks'],
    ['metrics=tps&networks=told&bucket=week', 'bucket'],
    ['metrics=tps&networks=told&from=2026-02-30', 'from'],
    ['metrics=tps&networks=told&from=soon', 'from'],
    ['metrics=tps&networks=told&bucket=minute&from=2026-01-01&to=2026-01-31', 'from'],
    ['metrics=tps&networks=told&format=xml', 'format'],
    ['metrics=tps&network=told', 'network'],
  ])('refuses %s', async (query, parameter) => {
    const answer = (await app.inject(`/api/v1/analytics/series?${query}`)).json();
    expect(answer.status).toBe(400);
    expect(answer.errors.map((error: { parameter: string }) => error.parameter)).toContain(parameter);
  });

  it('names the networks close to an unknown one, and asks to try again when a store is away', async () => {
    const url = '/api/v1/analytics/series?metrics=tps&networks=tolled';
    expect((await app.inject(url)).json()).toMatchObject({ status: 404, near: ['told'] });
    const gone = async (): Promise<never> => {
      throw new RetryableError('connect ECONNREFUSED 10.0.0.7');
    };
    const away = await openAnalytics(stores, networks, { timeseries: { query: gone, command: gone, insert: gone } });
    for (const path of ['series?metrics=tps&networks=told', 'gas-fees'])
      expect((await away.inject(`/api/v1/analytics/${path}`)).statusCode).toBe(503);
    await away.close();
  });
});

async function get<Answer>(path: string): Promise<Answer> {
  const answer = await app.inject(`/api/v1/analytics/${path}`);
  expect({ path, status: answer.statusCode, body: answer.body.slice(0, 500) }).toMatchObject({ status: 200 });
  return answer.json<Answer>();
}

function modelFor(id: string): ChainModel {
  const model = models.get(id);
  if (model === undefined) throw new Error(`no model of ${id}`);
  return model;
}

function blocksFrom({ blocks }: ChainModel, start: number, bucket: BucketName): BlockAppended[] {
  return [...blocks.values()].filter(
    ({ timestamp }) => timestamp >= start && timestamp < start + windowSeconds[bucket],
  );
}

function pick(values: Partial<Record<MetricId, unknown>>, ids: readonly MetricId[]) {
  return Object.fromEntries(ids.map((id) => [id, values[id]]));
}

/** The first drawn that has some blocks with transactions. */
function draftOf(seed: number): ChainDraft {
  const found = fc
    .sample(chainDraft, { seed, numRuns: 200 })
    .find(({ steps }) => steps.flatMap(({ append }) => append).flatMap(({ txs }) => txs).length > 15);
  if (found === undefined) throw new Error(`seed ${seed} draws no chain`);
  return found;
}
