import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findBarriers } from './accessibility.ts';
import { type Bed, chromiumPath, openBed } from './bed.ts';
import { distFolder } from './build-pages.ts';
import { comparisons } from './compare-figures.ts';
import { writeManyEntries } from './many-entries.ts';
import { readTable } from './read-figures.ts';
import type { PageLook } from './watched-page.ts';

// The dashboard as people meet it: in a real browser, on the running platform with its own chains and exchange.

const root = join(import.meta.dirname, '..', '..', '..');
/** Kept by CI, and to be looked at. */
const screenshots = join(root, 'node_modules', '.cache', 'defimon-screenshots');

/** Every page, with something open in it where it can have that. */
const pages: Readonly<Record<string, string>> = {
  overview: '',
  networks: 'networks',
  network: 'networks/local_l1',
  'network-op': 'networks/local_op',
  'network-not-synced': 'networks/base',
  markets: 'markets',
  pair: 'markets/BTCUSDT',
  protocols: 'protocols',
  protocol: 'protocols/playground',
  catalog: 'catalog',
  kind: 'catalog/network',
  entry: 'catalog/network/base',
  pools: 'pools',
  health: 'health',
};
const looks: readonly Pick<PageLook, 'scheme' | 'widthPx'>[] = [
  { scheme: 'light', widthPx: 1280 },
  { scheme: 'dark', widthPx: 390 },
];
const waiting = { timeout: 90_000, interval: 150 };
const minutes = (count: number) => count * 60_000;

const env = {
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  ...(process.env.NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
};

describe.skipIf(chromiumPath === undefined)('the dashboard in a browser (needs Chromium)', () => {
  let bed: Bed;
  let closeBed = async (): Promise<void> => undefined;

  beforeAll(async () => {
    bed = await openBed(env);
    closeBed = async () => bed[Symbol.asyncDispose]();
    mkdirSync(screenshots, { recursive: true });
    await untilMinutesAreThere(bed);
  }, minutes(5));
  afterAll(() => closeBed(), minutes(2));

  it.concurrent.each(looks)(
    'shows every page without a fault, a barrier or a jump, $widthPx px wide and first in $scheme colours',
    { timeout: minutes(6) },
    async (look) => {
      const other = look.scheme === 'light' ? 'dark' : 'light';
      await using watched = await bed.open(look);
      const { page, faults } = watched;
      const found: string[] = [];
      for (const [name, path] of Object.entries(pages)) {
        await watched.go(path);
        const isNarrow = await page.evaluate('document.documentElement.scrollWidth <= innerWidth');
        if (!isNarrow) found.push(`${name}: wider than the window: ${await widest(page)}`);
        found.push(...(await findBarriers(page, 'all')).map((each) => `${name}: ${each}`));
        await page.screenshot({ path: screenshotOf(name, look), fullPage: true });
        const { sum, moved } = await watched.layoutShift();
        if (sum >= 0.1) found.push(`${name}: moves by ${sum}: ${moved.join(', ')}`);
        await page.emulateMedia({ colorScheme: other });
        found.push(...(await findBarriers(page, 'colours')).map((each) => `${name}, ${other}: ${each}`));
        await page.screenshot({ path: screenshotOf(name, { ...look, scheme: other }), fullPage: true });
        await page.emulateMedia({ colorScheme: look.scheme });
      }
      expect(found).toEqual([]);
      expect(faults).toEqual([]);
    },
  );

  it('links to all of these pages', async () => {
    await using watched = await bed.open();
    await watched.go('');
    const links = await watched.page.locator('nav[aria-label=Pages] li a').all();
    const paths = await Promise.all(links.map((link) => link.getAttribute('href')));
    expect(paths.map((path) => path?.replace('/admin/', '')).sort()).toEqual(
      ['', 'networks', 'markets', 'protocols', 'catalog', 'pools', 'health'].sort(),
    );
  });

  it('comes with less than 250 kB of scripts and styles', async () => {
    await using watched = await bed.open();
    const files = new Set<string>();
    watched.page.on('requestfinished', (request) => {
      const { pathname } = new URL(request.url());
      if (/^\/admin\/(assets\/.+)?$/.test(pathname)) files.add(pathname.replace('/admin/', ''));
    });
    await watched.go('');
    const sizes = [...files].map((file) => statSync(join(distFolder, `${file || 'index.html'}.gz`)).size);
    expect(sizes.length).toBeGreaterThan(3);
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(250_000);
  });

  it.each(Object.keys(comparisons))(
    'shows the figures of the API at /admin/%s',
    { timeout: minutes(3) },
    async (path) => {
      await using watched = await bed.open();
      await watched.go(path);
      await vi.waitFor(async () => {
        const compared = await comparisons[path]?.(bed, watched);
        expect(compared?.shown).toEqual(compared?.told);
      }, waiting);
      expect(watched.faults).toEqual([]);
    },
  );

  describe('is live', () => {
    it('shows new blocks as they come, and takes out those that leave the chain', { timeout: minutes(3) }, async () => {
      await using watched = await bed.open();
      const { page } = watched;
      await watched.go('networks/local_l1');
      await page.evaluate('window.isTheSame = true');
      const first = await newestBlock(page);
      await vi.waitFor(async () => expect(await newestBlock(page)).toBeGreaterThan(first), waiting);
      const hash = await hashOfNewest(page);

      await bed.rpc('anvil_reorg', [6, []]);

      await vi.waitFor(async () => {
        expect(await page.locator(`[data-block] [title="${hash}"]`).count()).toBe(0);
        const log = page.getByRole('table', { name: 'Reorganisations, newest first' });
        expect(Number(await log.locator('td data').first().getAttribute('value'))).toBeGreaterThan(1);
      }, waiting);
      await vi.waitFor(async () => expect(await newestBlock(page)).toBeGreaterThan(first + 3), waiting);
      expect(await page.evaluate('window.isTheSame')).toBe(true);
      expect(watched.faults).toEqual([]);
    });

    it('moves the book and the trades of a pair', { timeout: minutes(3) }, async () => {
      await using watched = await bed.open();
      const { page } = watched;
      await watched.go('markets/ETHUSDT');
      await page.locator('[data-book=live]').waitFor();
      const update = async () => Number(await page.locator('header data').first().getAttribute('value'));
      const before = await update();
      await vi.waitFor(async () => expect(await update()).toBeGreaterThan(before), waiting);
      await page.locator('[data-trade]').first().waitFor();
      const levels = await page.locator('tr.bid').count();
      expect(levels).toBe(await page.locator('tr.ask').count());
      expect(watched.faults).toEqual([]);
    });
  });

  describe('can be asked', () => {
    it('to narrow down, to sort and to open by keys alone, and keeps what was chosen', {
      timeout: minutes(3),
    }, async () => {
      await using watched = await bed.open();
      const { page } = watched;
      await watched.go('networks');
      await page.keyboard.press('/');
      await page.keyboard.type('local');
      await vi.waitFor(async () => expect(await keysOf(page)).toEqual(['local_l1', 'local_op']), waiting);
      expect(page.url()).toContain('search=local');
      await page.getByLabel('Stack').selectOption('op_stack');
      await vi.waitFor(async () => expect(await keysOf(page)).toEqual(['local_op']), waiting);
      await page.reload();
      await vi.waitFor(async () => expect(await keysOf(page)).toEqual(['local_op']), waiting);
      await page.getByLabel('Stack').selectOption('');
      await page.getByLabel('Search networks').press('Escape');
      await vi.waitFor(async () => expect((await keysOf(page)).length).toBeGreaterThan(20), waiting);

      const name = page.getByRole('columnheader', { name: 'Network' });
      await name.getByRole('button').click();
      expect(await name.getAttribute('aria-sort')).toBe('ascending');
      const ascending = await keysOf(page);
      await name.getByRole('button').press('Enter');
      expect(await name.getAttribute('aria-sort')).toBe('descending');
      expect((await keysOf(page))[0]).not.toBe(ascending[0]);

      await page.locator('tr[data-index="0"]').focus();
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowUp']) await page.keyboard.press(key);
      await page.locator('tr[data-index="1"]:focus').waitFor();
      await page.keyboard.press('End');
      await page.locator(`tr[data-key="${ascending[0]}"]:focus`).waitFor();
      await page.keyboard.press('Enter');
      await vi.waitFor(() => expect(page.url()).toMatch(new RegExp(`/networks/${ascending[0]}$`)), waiting);
      expect(watched.faults).toEqual([]);
    });

    it('for other colours, and stays with them', async () => {
      await using watched = await bed.open();
      const { page } = watched;
      const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
      await watched.go('');
      const light = await ground();
      await page.getByText('dark', { exact: true }).click();
      await vi.waitFor(async () => expect(await ground()).not.toBe(light), waiting);
      const dark = await ground();
      await watched.go('health');
      expect(await ground()).toBe(dark);
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.getByText('light', { exact: true }).click();
      await vi.waitFor(async () => expect(await ground()).toBe(light), waiting);
    });

    it.each([
      ['no-such-page', 'There is no such page'],
      ['networks/nowhere', 'This could not be read'],
      ['markets/NOPE', 'The catalog has no pair “NOPE”'],
      ['protocols/nothing', 'This could not be read'],
      ['catalog/nonsense', 'This could not be read'],
      ['catalog/network/nowhere', 'The catalog in force has no network “nowhere”'],
    ])('for /admin/%s, and says that there is none', async (path, words) => {
      await using watched = await bed.open({ widthPx: 390 });
      await watched.go(path);
      await watched.page.getByText(words).first().waitFor();
      await watched.page.screenshot({
        path: screenshotOf(`none-${path.replaceAll('/', '-')}`, { scheme: 'light', widthPx: 390 }),
      });
      expect(watched.faults.filter((fault) => !fault.includes('404'))).toEqual([]);
    });
  });

  it('says what is not live when the back end is killed, and recovers by itself', { timeout: minutes(8) }, async () => {
    await using own = await bed.open();
    await using apart = await bed.open({ baseUrl: bed.apartUrl });
    await using pair = await bed.open({ baseUrl: bed.apartUrl });
    await Promise.all([own.go('networks/local_l1'), apart.go('networks'), pair.go('markets/BTCUSDT')]);
    for (const { page } of [own, apart, pair]) await page.evaluate('window.isTheSame = true');
    const before = await newestBlock(own.page);

    await bed.platform.kill();

    for (const [name, { page }] of Object.entries({ own, apart, pair })) {
      await page.locator('[data-connection=away]').waitFor();
      await page.locator('.outage').waitFor();
      expect(await page.getByText(/^Not live since/).count()).toBe(1);
      expect(await page.getByText('Live', { exact: true }).count()).toBe(0);
      await page.screenshot({ path: screenshotOf(`away-${name}`, { scheme: 'light', widthPx: 1280 }), fullPage: true });
    }
    await vi.waitFor(async () => {
      for (const { page } of [own, apart]) expect(await countOfWhatLooksLive(page)).toBe(0);
    }, waiting);
    await pair.page.locator('[data-market-connection=away]').waitFor();
    await pair.page.locator('.panel.is-old', { hasText: 'Order book' }).waitFor();

    await using reloaded = await bed.open({ baseUrl: bed.apartUrl });
    await reloaded.page.goto(`${bed.apartUrl}networks`);
    await reloaded.page.getByText('This could not be read').first().waitFor();
    await reloaded.page
      .getByText(/analytics API cannot be reached/i)
      .first()
      .waitFor();
    expect(await reloaded.page.getByText('Live', { exact: true }).count()).toBe(0);
    await reloaded.page.screenshot({ path: screenshotOf('away-reloaded', { scheme: 'light', widthPx: 1280 }) });
    await reloaded.page.goto(`${bed.apartUrl}catalog`);
    await reloaded.page.getByRole('table', { name: 'Environments' }).waitFor();
    await reloaded.page.goto(`${bed.apartUrl}networks`);

    await bed.platform.start();

    await vi.waitFor(async () => {
      const notBack: string[] = [];
      for (const [name, { page }] of Object.entries({ own, apart, pair, reloaded })) {
        const isBack = (await page.locator('[data-connection=open]').count()) === 1;
        if (!isBack || (await page.locator('.outage').count()) > 0) notBack.push(name);
      }
      expect(notBack).toEqual([]);
    }, waiting);
    await vi.waitFor(async () => {
      expect(await newestBlock(own.page)).toBeGreaterThan(before);
      for (const { page } of [own, apart, pair]) expect(await page.locator('.is-old').count()).toBe(0);
      expect((await keysOf(reloaded.page)).length).toBeGreaterThan(20);
    }, waiting);
    await pair.page.locator('[data-market-connection=open]').waitFor();
    await pair.page.locator('[data-book=live]').waitFor();
    for (const { page } of [own, apart, pair]) expect(await page.evaluate('window.isTheSame')).toBe(true);
  });

  it('stays usable with 500 networks and 2,000 pairs', { timeout: minutes(6) }, async () => {
    await using watched = await bed.open();
    const { page } = watched;
    await watched.go('networks');

    writeManyEntries(bed.catalog, { networks: 440, pairs: 2_000 });

    await page.getByRole('heading', { name: /^Networks \((\d+) of \1\)$/ }).waitFor();
    await vi.waitFor(async () => expect(await countIn(page, 'Networks')).toBeGreaterThanOrEqual(500), waiting);
    await expectUsable(page, 'many_0123', 'Search networks', 'Network');
    await page.getByRole('link', { name: 'Markets' }).click();
    await vi.waitFor(async () => expect(await countIn(page, 'Pairs')).toBeGreaterThanOrEqual(2_000), waiting);
    await expectUsable(page, 'MANY1234USDT', 'Search pairs', 'Pair');
    expect(watched.faults).toEqual([]);
  });
});

/** Scrolls to the end, searches one and finds it, sorts; only rows in sight are in the page. */
async function expectUsable(page: Page, key: string, search: string, column: string): Promise<void> {
  const rowsMax = 60;
  expect((await keysOf(page)).length).toBeLessThan(rowsMax);
  const first = (await keysOf(page))[0];
  await page.locator('tr[data-index="0"]').focus();
  await page.keyboard.press('End');
  await vi.waitFor(async () => expect(await keysOf(page)).not.toContain(first), waiting);
  expect((await keysOf(page)).length).toBeLessThan(rowsMax);
  const head = page.getByRole('columnheader', { name: column, exact: true });
  await head.getByRole('button').click();
  await vi.waitFor(async () => expect(await head.getAttribute('aria-sort')).toBe('ascending'), waiting);
  await page.keyboard.press('/');
  await page.getByLabel(search).fill(key.toLowerCase());
  await vi.waitFor(async () => expect(await keysOf(page)).toEqual([key]), waiting);
  await page.getByLabel(search).press('Escape');
  await vi.waitFor(async () => expect((await keysOf(page)).length).toBeGreaterThan(20), waiting);
}

/** The windows of the first minutes are computed, so that every page has figures. */
async function untilMinutesAreThere({ analyticsUrl }: Bed): Promise<void> {
  await vi.waitFor(
    async () => {
      const answer = await fetch(`${analyticsUrl}/api/v1/analytics/overview?window=24h`);
      const { totals } = (await answer.json()) as { totals: { counted: number; protocolCalls: number | null } };
      expect(totals.counted).toBe(2);
      expect(totals.protocolCalls).toBeGreaterThan(0);
    },
    { timeout: minutes(2), interval: 300 },
  );
}

function screenshotOf(name: string, { scheme, widthPx }: Pick<PageLook, 'scheme' | 'widthPx'>): string {
  return join(screenshots, `${name}-${scheme}-${widthPx}.png`);
}

async function keysOf(page: Page): Promise<string[]> {
  return (await page.evaluate(
    '[...document.querySelectorAll("tr[data-key]")].map((row) => row.dataset.key)',
  )) as string[];
}

/** How many rows a table has, by its heading: `Networks (3 of 68)`. */
async function countIn(page: Page, title: string): Promise<number> {
  const heading = await page.getByRole('heading', { level: 2, name: title }).first().textContent();
  return Number(/ of (\d+)\)/.exec(heading ?? '')?.[1]);
}

async function newestBlock(page: Page): Promise<number> {
  return Number([...(await readTable(page, 'Newest blocks')).keys()][0] ?? Number.NaN);
}

async function hashOfNewest(page: Page): Promise<string> {
  return (await page.locator('[data-block] .mono[title]').first().getAttribute('title')) ?? '';
}

/** What reaches furthest to the right, though nothing around it scrolls. */
async function widest(page: Page): Promise<string> {
  return (await page.evaluate(`[...document.querySelectorAll('#main *')]
    .filter((each) => each.closest('.table-scroll, .segments, pre') === null || each.matches('.table-scroll, .segments, pre'))
    .map((each) => [each.getBoundingClientRect().right, each.outerHTML.slice(0, 120)])
    .sort(([a], [b]) => b - a)[0].join(' ')`)) as string;
}

/** Figures, and words that all is well, that came live and are not marked as old. */
async function countOfWhatLooksLive(page: Page): Promise<number> {
  return (await page.evaluate(
    `[...document.querySelectorAll('data, .badge.good')].filter((each) => each.closest('.is-old') === null).length`,
  )) as number;
}
