import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type Browser, chromium } from 'playwright-core';
import { opsPort } from '../../../catalog/ops-port.ts';
import { createChildren } from '../../runtime/children.ts';
import { findPortOffset } from '../../runtime/free-port.ts';
import { buildPages } from './build-pages.ts';
import { createProgram, type Program } from './program.ts';
import { openWatchedPage, type PageLook, type WatchedPage } from './watched-page.ts';

/** Debian's and Google's names. */
export const chromiumPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** The whole program with chains and an exchange of its own, and a browser to look at it with. */
export interface Bed extends AsyncDisposable {
  /** Everything in one process, as `npm start` has it. */
  readonly platform: Program;
  /** The folder that is its catalog: what is written into it comes into force. */
  readonly catalog: string;
  /** Of the platform's own dashboard. */
  readonly adminUrl: string;
  /** Of a dashboard that is a process of its own, and reads from the platform: it stays when the platform goes. */
  readonly apartUrl: string;
  readonly analyticsUrl: string;
  readonly marketUrl: string;
  /** A request to the node of the local chain local_l1. */
  rpc(method: string, params: readonly unknown[]): Promise<unknown>;
  open(look?: Partial<PageLook>): Promise<WatchedPage>;
}

/** Ports that one process of everything listens at: the services, then the local chains and the exchange. */
const ports = [3000, 8000, 8002, 8080, opsPort, 18545, 18546, 18600, 18601, 18602];
const root = join(import.meta.dirname, '..', '..', '..');

/** @param env of the processes: PATH and HOME of this one */
export async function openBed(env: Readonly<Record<string, string>>): Promise<Bed> {
  await buildPages(env);
  const folder = mkdtempSync(join(tmpdir(), 'defimon-browser-'));
  const catalog = join(folder, 'catalog');
  copyCatalog(catalog);
  const children = createChildren({ log: pino({ level: 'silent' }) });
  const [offset, apartOffset] = [await findPortOffset(ports), await findPortOffset(ports)];
  const urlAt = (port: number, by = offset) => `http://127.0.0.1:${port + by}`;
  const [analyticsUrl, marketUrl] = [urlAt(8000), urlAt(8080)];
  const shared = ['--catalog', catalog, '--log-level', 'warn'];
  const platform = createProgram({
    ...{ children, name: 'platform', env, opsUrl: urlAt(opsPort) },
    args: [...shared, '--port-offset', String(offset), '--data-dir', join(folder, 'data')],
  });
  const apart = createProgram({
    ...{ children, name: 'dashboard', opsUrl: urlAt(opsPort, apartOffset) },
    env: { ...env, ANALYTICS_API_URL: analyticsUrl, MARKET_API_URL: marketUrl, OPS_URLS: urlAt(opsPort) },
    args: [...shared, '--target', 'admin', '--port-offset', String(apartOffset), '--data-dir', join(folder, 'apart')],
  });
  let browser: Browser | undefined;
  const close = async (): Promise<void> => {
    await browser?.close();
    await Promise.all([platform.stop(), apart.stop()]);
    await children.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const opened = await chromium.launch({ executablePath: chromiumPath ?? '', args: ['--no-sandbox'] });
    browser = opened;
    await Promise.all([platform.start(), apart.start()]);
    const adminUrl = `${urlAt(3000)}/admin/`;
    return {
      ...{ platform, catalog, adminUrl, analyticsUrl, marketUrl },
      apartUrl: `${urlAt(3000, apartOffset)}/admin/`,
      rpc: (method, params) => askNode(urlAt(18545), method, params),
      open: (look = {}) => openWatchedPage(opened, { baseUrl: adminUrl, scheme: 'light', widthPx: 1280, ...look }),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The catalog with a few of its pairs: the simulated exchange trades every one of them. */
function copyCatalog(to: string): void {
  cpSync(join(root, 'catalog'), to, { recursive: true, filter: (path) => !path.endsWith('.ts') });
  for (const name of readdirSync(join(to, 'pairs'))) if (name !== 'top10.yaml') rmSync(join(to, 'pairs', name));
}

async function askNode(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  return result;
}
