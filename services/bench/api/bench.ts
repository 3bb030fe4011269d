import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadCatalog } from '../../../catalog/load.ts';
import { renderLock } from '../../../catalog/lock.ts';
import { type Aim, renderAims } from '../aims.ts';
import type { Bench, Case, Subject } from '../bench.ts';
import { installPeer } from '../peers.ts';
import { fillChain, reportSync } from './fill.ts';
import { type ApiInput, type Captured, type CatalogFile, keptMs, type Plan, type RangePlan } from './input.ts';
import { startLoad } from './load.ts';
import { openOurApi } from './our-api.ts';
import { rangePath } from './ranges.ts';
import { openApiStores } from './stores.ts';

const subjects: readonly Subject[] = [
  {
    name: 'ours',
    role: 'ours',
    summary: 'analytics-api, whole, over PostgreSQL and ClickHouse',
    module: new URL('ours.ts', import.meta.url),
  },
  {
    name: 'bare',
    role: 'limit',
    summary: 'a bare Fastify route that has the bytes already',
    module: new URL('bare.ts', import.meta.url),
  },
  {
    name: 'fastapi',
    role: 'peer',
    summary: 'FastAPI in one worker of uvicorn (uvloop, httptools), asyncpg and aiohttp, over the same stores',
    module: new URL('fastapi.ts', import.meta.url),
    peer: 'fastapi',
  },
];

const network = 'optimism';
const networks = '/api/v1/l2/networks';
const blocksPath = `${networks}/${network}/blocks`;
const statsPath = `${networks}/${network}/stats`;
const comparedRanges = 6;
/** chDB answers three at a time. */
const storeConnections = 4;
const warmUpSeconds = 2;
const reportMs = 1000;

interface ApiCase {
  readonly summary: string;
  plan(blocks: number): Plan;
}

const newestBlocks = 'the 100 newest blocks of a network';
const askedAnew = 'made anew for each who asks';
const asServed = `as we answer by default: all keep whole answers for ${keptMs} ms`;

const cases: Readonly<Record<string, ApiCase>> = {
  list: {
    summary: `all networks with the state of their sync, ${askedAnew}`,
    plan: () => againAndAgain(networks, `${networks}?minPriority=9`),
  },
  blocks: {
    summary: `${newestBlocks}, ${askedAnew}`,
    plan: () => againAndAgain(blocksPath, `${blocksPath}?toBlock=5`),
  },
  'blocks-304': {
    summary: 'the same with the ETag of the answer before: nothing has changed',
    plan: () => ({ compared: [blocksPath], load: { path: blocksPath }, conditional: true }),
  },
  stats: {
    summary: `statistics of a range of blocks, another range each time: no cache can help; ${storeConnections} connections`,
    plan: (blocks) => ({ ...othersEachTime(statsPath, blocks), connectionsMax: storeConnections }),
  },
  'stats-again': {
    summary: 'statistics of the last 24 hours, the same each time: both keep the figures, and ask how fresh they are',
    plan: () => againAndAgain(statsPath, `${statsPath}?window=1h`),
  },
  'blocks-pages': {
    summary: `100 blocks, others each time: nothing that is kept can help; else ${asServed}`,
    plan: (blocks) => ({ ...othersEachTime(blocksPath, blocks), kept: true }),
  },
  'stats-kept': {
    summary: `statistics of the last 24 hours, ${asServed}`,
    plan: () => ({ ...againAndAgain(statsPath, `${statsPath}?window=1h`), kept: true }),
  },
  'list-kept': {
    summary: `the list, ${asServed}`,
    plan: () => ({ ...againAndAgain(networks, `${networks}?minPriority=9`), kept: true }),
  },
  'blocks-kept': {
    summary: `${newestBlocks}, ${asServed}`,
    plan: () => ({ ...againAndAgain(blocksPath, `${blocksPath}?toBlock=5`), kept: true }),
  },
};

/** By the clock, and by CPU time: the generator and the stores share the cores of a small machine with what they serve. */
const aims: readonly Aim[] = [
  ...['stats-kept', 'list-kept', 'blocks-kept'].flatMap((name) => aimsOver(name, 'bare', 0.6)),
  ...Object.keys(cases).flatMap((name) => aimsOver(name, 'fastapi', 8)),
];

/** One path under load; it and others are compared. */
function againAndAgain(path: string, ...others: string[]): Plan {
  return { compared: [path, ...others], load: { path } };
}

/** Ranges of blocks, another each time; the first few are compared. */
function othersEachTime(path: string, blocks: number): Plan {
  const ranges: RangePlan = { path, firstBlock: 0, lastBlock: blocks - 1, minBlocks: Math.ceil(blocks / 2) };
  const compared = Array.from({ length: comparedRanges }, (_, at) => rangePath(ranges, at));
  return { compared, load: { ranges } };
}

function aimsOver(name: string, over: string, factor: number): Aim[] {
  return [
    { case: name, subject: 'ours', over, unit: 'requests/s', atLeast: factor },
    { case: name, subject: 'ours', over, unit: 'CPU-s per 10,000 requests', atMost: 1 / factor },
  ];
}

export const bench: Bench = {
  name: 'api',
  summary: 'Answers of the analytics API over HTTP, from one process.',
  sizes: {
    blocks: { value: 3000, meaning: 'blocks of the network that is asked about' },
    txs: { value: 10, meaning: 'transactions in each' },
    connections: { value: 64, meaning: 'connections, each of which asks again as soon as it has its answer' },
    seconds: { value: 8, meaning: `length of a run, after ${warmUpSeconds} s of warm-up` },
  },
  cases: Object.entries(cases).map(
    ([name, { summary }]): Case => ({
      name,
      summary,
      things: 'requests',
      cpuPer: 10_000,
      forTime: true,
      subjects,
    }),
  ),
  open: async ({ blocks = 0, txs = 0, connections = 0, seconds = 0 }, log) => {
    await installPeer('autocannon', log);
    await using opened = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), 'bench-api-input-'));
    opened.defer(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o755); // PostgreSQL may run as another user
    const catalogFile = join(folder, 'catalog.json');
    const catalog = loadCatalog(fileURLToPath(new URL('../../../catalog', import.meta.url)));
    writeFileSync(catalogFile, JSON.stringify({ catalog, digest: renderLock(catalog).digest } satisfies CatalogFile));

    const stores = await openApiStores(folder);
    opened.defer(() => stores.close());
    log(`filling the stores with ${blocks} blocks of ${txs} transactions`);
    await fillChain(stores, network, { blocks, txsPerBlock: txs });
    const followed = catalog.networks.filter(({ status, kind }) => status === 'active' && kind === 'evm');
    const ids = followed.map(({ id }) => id);
    await reportSync(stores.relational, ids, blocks);
    const reporting = setInterval(() => void reportSync(stores.relational, ids, blocks).catch(() => {}), reportMs);
    opened.defer(() => clearInterval(reporting));

    const generator = await startLoad();
    opened.defer(() => void generator.process.kill());
    const { databaseUrl, clickhouseUrl } = stores;
    const servers = { ...stores.servers, generator: generator.process.pid ?? 0 };
    const closing = opened.move();
    return {
      inputOf: async (name) => {
        const plan = cases[name]?.plan(blocks);
        if (plan === undefined) throw new Error(`There is no case ${name}.`);
        const captured = join(folder, `${name}.json`);
        await capture({ databaseUrl, clickhouseUrl, catalog: catalogFile, plan }, captured);
        const input: ApiInput = {
          databaseUrl,
          clickhouseUrl,
          catalog: catalogFile,
          captured,
          load: generator.address,
          plan,
          connections,
          seconds,
          warmUpSeconds,
        };
        return { input, servers };
      },
      close: () => closing.disposeAsync(),
    };
  },
  conclude: (reports) => renderAims(reports, aims),
};

/** Writes down what our API answers. */
async function capture(
  input: Pick<ApiInput, 'databaseUrl' | 'clickhouseUrl' | 'catalog' | 'plan'>,
  file: string,
): Promise<void> {
  const { url, close } = await openOurApi(input);
  try {
    const answers: Captured[] = [];
    for (const path of input.plan.compared) {
      const answer = await fetch(url + path);
      const body = await answer.text();
      if (answer.status !== 200) throw new Error(`Our API answers ${answer.status} to ${path}: ${body}`);
      answers.push({ path, etag: answer.headers.get('etag') ?? '', body });
    }
    writeFileSync(file, JSON.stringify(answers));
  } finally {
    await close();
  }
}
