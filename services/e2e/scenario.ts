import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { loadCatalog } from '../../catalog/load.ts';
import { findStaleWindows } from '../datasets/chain/window-plan.ts';
import { windowSizes } from '../datasets/chain/window-size.ts';
import { openEmbeddedTimeseries } from '../stores/embedded/chdb.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { startChainWindows } from '../stream-processor/chain-windows.ts';
import { chainQuestions, findDifference, marketQuestions } from './answers.ts';
import type { Bed } from './bed.ts';
import { followLive, type LiveFollower } from './live-follower.ts';
import { dataFolderOf, type Platform } from './platform.ts';
import { quiet } from './quiet.ts';
import { verifyFigures } from './recompute/verify-figures.ts';
import type { SourceChain, Sources } from './sources.ts';
import { sumOf, type Verified } from './verified.ts';
import { ask, verifyAnswers, verifyMade, verifyStores } from './verify.ts';

/** What a scenario found, in words for people; empty when all is well. */
export interface Outcome {
  readonly checks: readonly { readonly what: string; readonly count: number }[];
  readonly faults: readonly string[];
}

const waitMs = 90_000;
/** Candles of whole minutes are compared, so both must have lived through one. */
const marketMs = 60_000;

/**
 * What the users of a platform live through: chains with reorgs are followed, a merge adds a network while all runs, a typo is
 * refused and stops nothing; a client of /ws is cut off twice and goes on where it was. At the end every answer is that of the
 * canonical chain and, of two platforms on the same sources, the same. Ends the one process, to look into its stores.
 */
export async function runScenario(bed: Bed, tell: (line: string) => void, trafficMs = 20_000): Promise<Outcome> {
  const platforms = [bed.one, bed.many].filter((platform) => platform !== undefined);
  const followers = platforms.map(followLive);
  const marketFromMs = Math.ceil((Date.now() + 3_000) / marketMs) * marketMs;
  const parts: Checked[] = [];
  try {
    await moveChains(bed, { platforms, followers, trafficMs, tell });
    tell('nothing moves any more: waiting for every answer to be that of the chains');
    parts.push(...(await checkAnswers(bed, platforms)), ...(await checkFollowers(bed, platforms, followers)));
    for (const each of platforms)
      parts.push({
        what: `figures of ${each.name} computed again from raw blocks`,
        ...(await verifyFigures(each, bed.sources)),
      });
    if (bed.stores !== undefined) {
      const { stores, sources } = bed;
      const verified = await quiet(() => verifyStores(stores, sources));
      parts.push({ what: 'rows, windows and bars of the networked stores equal to the sources', ...verified });
    }
    if (bed.one !== undefined && bed.many !== undefined)
      parts.push(await compareModes(bed, [bed.one, bed.many], { marketFromMs, tell }));
  } finally {
    await Promise.all(followers.map((follower) => follower.stop()));
  }
  if (bed.one !== undefined) {
    tell('one process ends, and its time series are looked into');
    parts.push(await checkEmbedded(bed, bed.one));
  }
  return {
    checks: parts.map(({ what, rows }) => ({ what, count: rows })),
    faults: parts.flatMap(({ faults }) => faults),
  };
}

type Checked = Pick<Verified, 'rows' | 'faults'> & { readonly what: string };

async function moveChains(
  { sources }: Bed,
  run: {
    readonly platforms: readonly Platform[];
    readonly followers: readonly LiveFollower[];
    readonly trafficMs: number;
    readonly tell: (line: string) => void;
  },
): Promise<void> {
  const { platforms, followers, trafficMs, tell } = run;
  tell(`blocks, transactions and reorgs for ${trafficMs / 1000} s`);
  const traffic = sources.startTraffic();
  await sleep(trafficMs / 2);
  for (const follower of followers) follower.cut();
  tell('a merge adds a network');
  const added = await sources.addNetwork('e2e_three');
  for (const platform of platforms)
    await until(`${platform.name} serves ${added.id}`, () => serves(platform, added.id));
  tell('a typo is merged, and mended');
  await mergeTypo(sources, added, platforms);
  for (const follower of followers) follower.cut();
  await sleep(trafficMs / 2);
  await traffic.stop();
}

async function checkAnswers({ sources }: Bed, platforms: readonly Platform[]): Promise<Checked[]> {
  for (const chain of sources.chains)
    for (const platform of platforms)
      await until(`${platform.name} holds ${chain.id}`, () => holdsHead(platform, chain));
  const parts: Checked[] = [];
  for (const platform of platforms) {
    const verified = sumOf(await Promise.all(sources.chains.map((chain) => verifyAnswers(platform, chain))));
    parts.push({ what: `answers of ${platform.name} equal to the nodes`, ...verified });
  }
  return parts;
}

async function checkFollowers(
  { sources }: Bed,
  platforms: readonly Platform[],
  followers: readonly LiveFollower[],
): Promise<Checked[]> {
  const parts: Checked[] = [];
  for (const [at, follower] of followers.entries()) {
    const name = platforms[at]?.name;
    for (const chain of sources.chains)
      await until(`/ws of ${name} told the head of ${chain.id}`, () => follower.holdsHead(chain));
    const { rows, faults } = await follower.verify(sources.chains, { mayStartAnew: false });
    const { resumed, retracted } = follower;
    const what = `blocks by /ws of ${name} equal to the nodes: ${resumed} times a network was resumed, ${retracted} blocks left`;
    const never = resumed === 0 ? [`/ws of ${name}: no network was ever resumed`] : [];
    parts.push({ what, rows, faults: [...faults, ...never] });
  }
  return parts;
}

async function compareModes(
  { sources }: Bed,
  platforms: readonly [Platform, Platform],
  { marketFromMs, tell }: { readonly marketFromMs: number; readonly tell: (line: string) => void },
): Promise<Checked> {
  const toMs = marketFromMs + marketMs;
  const leftMs = toMs + 15_000 - Date.now();
  if (leftMs > 0) tell(`waiting ${Math.round(leftMs / 1000)} s for a whole minute of the market`);
  await sleep(Math.max(0, leftMs));
  const ids = sources.chains.map(({ id }) => id);
  const questions = [...chainQuestions(ids), ...marketQuestions(sources, marketFromMs, toMs)];
  const faults: string[] = [];
  for (const question of questions) {
    // One store may be behind the other for a moment: what stays different is told.
    let difference = await findDifference(platforms, question);
    for (let attempt = 0; difference !== undefined && attempt < 20; attempt++) {
      await sleep(500);
      difference = await findDifference(platforms, question);
    }
    if (difference !== undefined) faults.push(difference);
  }
  return { what: 'answers equal byte for byte in both modes', rows: questions.length, faults };
}

/** The windows and bars of both modes are held against the same models, so they are equal too. */
async function checkEmbedded({ sources, folder }: Bed, one: Platform): Promise<Checked> {
  const what = 'windows and bars of one process equal to the sources';
  await one.stop();
  const [program] = one.processes;
  if (program === undefined) return { what, rows: 0, faults: ['one process is none'] };
  const { part, stop } = await openEmbeddedTimeseries({ dataDir: dataFolderOf(folder, program.name) });
  try {
    await finishWindows(part, sources);
    return { what, ...(await verifyMade(part, sources)) };
  } finally {
    await stop();
  }
}

/** Hours and days follow at a pace: computes what was left to do when the process ended, as its next start would. */
async function finishWindows(timeseries: Timeseries, { chains, catalog }: Sources): Promise<void> {
  const { protocols } = loadCatalog(catalog);
  const windows = startChainWindows({
    ...{ timeseries, protocols: () => protocols, log: pino({ level: 'silent' }), metrics: new Registry() },
    owns: () => true,
    paceMs: { minute: 0, hour: 0, day: 0, search: 500 },
  });
  try {
    for (const { id } of chains)
      for (const size of windowSizes)
        await until(
          `the ${size}s of ${id} are computed`,
          async () => (await findStaleWindows(timeseries, id, size, 1)).length === 0,
        );
  } finally {
    await windows.stop();
  }
}

async function mergeTypo(sources: Sources, { id }: SourceChain, platforms: readonly Platform[]): Promise<void> {
  const file = join(sources.catalog, 'networks', `${id}.yaml`);
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, good.replace('priority:', 'prioritty:'));
  for (const platform of platforms)
    await until('the typo is refused', async () => (await refused(platform)).includes('prioritty'));
  writeFileSync(file, good);
  for (const platform of platforms)
    await until('the mended file is taken', async () => (await refused(platform)) === '[]');
}

async function refused({ analyticsUrl }: Platform): Promise<string> {
  const { catalog } = (await ask(`${analyticsUrl}/api/v1/health`)) as { catalog: { refused: string[] } };
  return JSON.stringify(catalog.refused);
}

async function serves({ analyticsUrl }: Platform, id: string): Promise<boolean> {
  const { blocks } = (await ask(`${analyticsUrl}/api/v1/l2/networks/${id}/blocks?limit=1`)) as { blocks: unknown[] };
  return blocks.length > 0;
}

/** Whether blocks and statistics, which come from the two stores, end with the chain's newest block. */
async function holdsHead({ analyticsUrl }: Platform, { id, node }: SourceChain): Promise<boolean> {
  const head = await node.rpc<{ hash: string; number: string }>('eth_getBlockByNumber', ['latest', false]);
  const network = `${analyticsUrl}/api/v1/l2/networks/${id}`;
  const page = (await ask(`${network}/blocks?limit=1`)) as { blocks: { hash: string }[] };
  if (page.blocks[0]?.hash !== head.hash) return false;
  const { coverage } = (await ask(`${network}/stats?window=all`)) as {
    coverage: { toHash: string; complete: boolean } | null;
  };
  return coverage?.toHash === head.hash && coverage.complete;
}

/** Resolves once it is so. @throws when it is not in time */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  let reason = '';
  for (const end = performance.now() + waitMs; performance.now() < end; await sleep(200)) {
    try {
      if (await isSo()) return;
      reason = '';
    } catch (error) {
      reason = `: ${String(error)}`;
    }
  }
  throw new Error(`waited ${waitMs / 1000} s in vain for: ${what}${reason}`);
}
