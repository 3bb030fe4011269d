import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { opsPort } from '../../../catalog/ops-port.ts';
import type { Children } from '../../runtime/children.ts';
import { findPortOffset } from '../../runtime/free-port.ts';
import { adminPorts, apiPorts, marketApiPorts } from '../../system.ts';
import { createManagedProcess, type ManagedProcess } from '../managed-process.ts';

/** An API as its users meet it. */
export interface Api {
  /** The service's id in the catalog. */
  readonly name: string;
  readonly url: string;
  /** Where it describes itself. */
  readonly documentUrl: string;
  readonly document: unknown;
}

/** What `npm start` starts, with data in all of it. */
export interface Platform {
  readonly apis: readonly Api[];
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, '..', '..', '..');
const dataMs = 120_000;

/**
 * Starts environment `local` as one process, at ports that are free, and waits until its chains and its exchange have given every API
 * something to answer with.
 *
 * @param folder Takes its data and its log.
 * @param env What the process is given: PATH and HOME.
 */
export async function startPlatform(
  children: Children,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<Platform> {
  const settings = readFileSync(join(root, 'environments', 'local', 'environment.yaml'), 'utf8');
  const ofSources = [...settings.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
  const ports = new Set([...apiPorts, ...marketApiPorts, ...adminPorts, opsPort, ...ofSources]);
  const offset = await findPortOffset([...ports]);
  const at = (port: number | undefined): string => `http://127.0.0.1:${(port ?? 0) + offset}`;
  const program = createManagedProcess(children, {
    name: 'Defimon',
    command: process.execPath,
    args: [join(root, 'services/main.ts'), '--data-dir', join(folder, 'data'), '--port-offset', String(offset)],
    cwd: root,
    env,
    stopSignal: 'SIGTERM',
    logFile: join(folder, 'log.txt'),
    isReady: async () => (await ask(`${at(opsPort)}/readyz`)).ok,
  });
  try {
    await program.start();
    await program.ready();
    const analytics = at(apiPorts[0]);
    const market = at(marketApiPorts[0]);
    await waitForData(program, [
      [`${analytics}/api/v1/l2/networks/local_l1/blocks?limit=10`, '"next":"'],
      [`${analytics}/api/v1/l2/networks/local_l1/txs?limit=10`, '"next":"'],
      [`${analytics}/api/v1/l2/networks/local_l1/stats`, '"gasUsed"'],
      [`${market}/data/BTCUSDT?limit=10`, '"next":"'],
      [`${market}/book/BTCUSDT`, '"state":"live"'],
      [`${market}/candles/BTCUSDT?interval=1s`, '"time"'],
    ]);
    const places = [
      { name: 'analytics-api', url: analytics, documentUrl: `${analytics}/openapi.json` },
      { name: 'market-api', url: market, documentUrl: `${market}/openapi.json` },
      { name: 'admin', url: at(adminPorts[0]), documentUrl: `${at(adminPorts[0])}/admin/api/openapi.json` },
    ];
    const apis = await Promise.all(
      places.map(async (place) => ({ ...place, document: await getDocument(place.documentUrl) })),
    );
    return { apis, stop: () => program.stop() };
  } catch (error) {
    await program.stop();
    throw error;
  }
}

async function getDocument(url: string): Promise<unknown> {
  const answer = await ask(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Until each of these answers holds its words. */
async function waitForData(program: ManagedProcess, wanted: readonly (readonly [string, string])[]): Promise<void> {
  let missing = wanted;
  for (const end = performance.now() + dataMs; performance.now() < end; await sleep(200)) {
    const there = await Promise.all(
      missing.map(async ([url, words]) => (await (await ask(url)).text()).includes(words)),
    );
    missing = missing.filter((_, index) => there[index] !== true);
    if (missing.length === 0) return;
    if (program.starts() > 1) throw new Error('Defimon ended while it was waited for: its log says why');
  }
  throw new Error(
    `no data after ${dataMs / 1000} s: ${missing.map(([url, words]) => `${words} at ${url}`).join(', ')}`,
  );
}

function ask(url: string): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(20_000) });
}
