import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, Page, WebSocket } from 'playwright-core';

export interface PageLook {
  readonly baseUrl: string;
  readonly scheme: 'light' | 'dark';
  readonly widthPx: 1280 | 390;
}

/** A page of the dashboard, and all that goes wrong in it. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the console and of scripts, requests that failed or were refused, and what the CSP forbade. */
  readonly faults: string[];
  /** What the page was last told over its WebSockets, by the key of `liveKeyOf`. */
  readonly told: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** Loads a page by its path below the dashboard's, and waits until nothing of it is awaited any more. */
  go(path: string): Promise<void>;
  /** Sum of all layout shifts since it was loaded, as Core Web Vitals count them. */
  layoutShift(): Promise<{ readonly sum: number; readonly moved: readonly string[] }>;
}

const loadTimeoutMs = 60_000;

/** Notes layout shifts and what the CSP forbids from the first moment on. */
const watchScript = `
  window.watchedShifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      const nodes = entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 90) ?? 'a text');
      window.watchedShifts.push({ value: entry.value, nodes });
    }
  }).observe({ type: 'layout-shift', buffered: true });
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    console.error('CSP forbids ' + violatedDirective + ' ' + blockedURI);
  });
`;

export async function openWatchedPage(browser: Browser, look: PageLook): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: look.widthPx, height: look.widthPx === 390 ? 844 : 800 },
    colorScheme: look.scheme,
    reducedMotion: 'reduce',
  });
  await context.addInitScript(watchScript);
  const page = await context.newPage();
  page.setDefaultTimeout(loadTimeoutMs);
  const faults: string[] = [];
  const told = new Map<string, Readonly<Record<string, unknown>>>();
  page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? '';
    // The page itself gives requests up that nobody awaits any more.
    if (reason !== 'net::ERR_ABORTED') faults.push(`request: ${request.url()} ${reason}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`answer: ${response.status()} ${response.url()}`);
  });
  page.on('websocket', (socket) => listen(socket, told));
  return {
    ...{ page, context, faults, told },
    go: async (path) => {
      await page.goto(`${look.baseUrl}${path}`);
      await page.locator('#main').waitFor();
      for (const end = performance.now() + loadTimeoutMs; performance.now() < end; await sleep(50)) {
        if ((await page.locator('.skeleton').count()) === 0 && (await page.locator('#main > *').count()) > 0) return;
      }
      throw new Error(`${path} is still loading`);
    },
    layoutShift: async () => {
      const shifts = (await page.evaluate('window.watchedShifts')) as { value: number; nodes: string[] }[];
      return { sum: shifts.reduce((sum, { value }) => sum + value, 0), moved: shifts.flatMap(({ nodes }) => nodes) };
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}

function listen(socket: WebSocket, told: Map<string, Readonly<Record<string, unknown>>>): void {
  socket.on('framereceived', ({ payload }) => {
    const message = JSON.parse(String(payload)) as Readonly<Record<string, unknown>>;
    told.set(liveKeyOf(message), message);
  });
}

/** `network local_l1`: the type of a message, and what it is of. */
export function liveKeyOf({ type, network, symbol }: Readonly<Record<string, unknown>>): string {
  return [type, network ?? symbol ?? ''].join(' ');
}
