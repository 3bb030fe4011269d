import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chainQuestions, findDifference, marketQuestions } from './answers.ts';
import type { Bed } from './bed.ts';
import type { Platform } from './platform.ts';
import type { SourceChain, Sources } from './sources.ts';
import { ask, verifyAnswers, verifyStores } from './verify.ts';

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
 * refused and stops nothing. At the end every answer is that of the canonical chain and, of two platforms on the same
 * sources, the same.
 */
export async function runScenario(bed: Bed, tell: (line: string) => void, trafficMs = 20_000): Promise<Outcome> {
  const { sources } = bed;
  const platforms = [bed.one, bed.many].filter((platform) => platform !== undefined);
  const checks: { what: string; count: number }[] = [];
  const faults: string[] = [];
  const marketFromMs = Math.ceil((Date.now() + 3_000) / marketMs) * marketMs;

  tell(`blocks, transactions and reorgs for ${trafficMs / 1000} s`);
  const traffic = sources.startTraffic();
  await sleep(trafficMs / 2);
  tell('a merge adds a network');
  const added = await sources.addNetwork('e2e_three');
  for (const platform of platforms)
    await until(`${platform.name} serves ${added.id}`, () => serves(platform, added.id));
  tell('a typo is merged, and mended');
  await mergeTypo(sources, added, platforms);
  await sleep(trafficMs / 2);
  await traffic.stop();

  tell('nothing moves any more: waiting for every answer to be that of the chains');
  for (const chain of sources.chains)
    for (const platform of platforms)
      await until(`${platform.name} holds ${chain.id}`, () => holdsHead(platform, chain));
  for (const platform of platforms) {
    let rows = 0;
    for (const chain of sources.chains) {
      const verified = await verifyAnswers(platform, chain);
      rows += verified.rows;
      faults.push(...verified.faults);
    }
    checks.push({ what: `answers of ${platform.name} equal to the nodes`, count: rows });
  }
  const { stores } = bed;
  if (stores !== undefined) {
    await until(
      'the stores hold what the sources say',
      async () => (await verifyStores(stores, sources)).faults.length === 0,
      true,
    );
    const verified = await verifyStores(stores, sources);
    faults.push(...verified.faults);
    checks.push({ what: 'rows of the networked stores equal to the sources', count: verified.rows });
  }

  const [left, right] = platforms;
  if (left !== undefined && right !== undefined) {
    const toMs = marketFromMs + marketMs;
    const leftMs = toMs + 15_000 - Date.now();
    if (leftMs > 0) tell(`waiting ${Math.round(leftMs / 1000)} s for a whole minute of the market`);
    await sleep(Math.max(0, leftMs));
    const ids = sources.chains.map(({ id }) => id);
    const questions = [...chainQuestions(ids), ...marketQuestions(sources, marketFromMs, toMs)];
    for (const question of questions) {
      // One store may be behind the other for a moment: what stays different is told.
      let difference = await findDifference([left, right], question);
      for (let attempt = 0; difference !== undefined && attempt < 20; attempt++) {
        await sleep(500);
        difference = await findDifference([left, right], question);
      }
      if (difference !== undefined) faults.push(difference);
    }
    checks.push({ what: 'answers equal byte for byte in both modes', count: questions.length });
  }
  return { checks, faults };
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
export async function holdsHead({ analyticsUrl }: Platform, { id, node }: SourceChain): Promise<boolean> {
  const head = await node.rpc<{ hash: string; number: string }>('eth_getBlockByNumber', ['latest', false]);
  const network = `${analyticsUrl}/api/v1/l2/networks/${id}`;
  const page = (await ask(`${network}/blocks?limit=1`)) as { blocks: { hash: string }[] };
  if (page.blocks[0]?.hash !== head.hash) return false;
  const { coverage } = (await ask(`${network}/stats?window=all`)) as {
    coverage: { toHash: string; complete: boolean } | null;
  };
  return coverage?.toHash === head.hash && coverage.complete;
}

/** Resolves once it is so. @throws when it is not in time, unless the caller looks itself (`quiet`) */
export async function until(
  what: string,
  isSo: () => Promise<boolean>,
  quiet = false,
  timeoutMs = waitMs,
): Promise<void> {
  let reason = '';
  for (const end = performance.now() + timeoutMs; performance.now() < end; await sleep(200)) {
    try {
      if (await isSo()) return;
      reason = '';
    } catch (error) {
      reason = `: ${String(error)}`;
    }
  }
  if (!quiet) throw new Error(`waited ${timeoutMs / 1000} s in vain for: ${what}${reason}`);
}
