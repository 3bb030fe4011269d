import type { Page } from 'playwright-core';

/** A cell: the exact figure it carries, else its text; null for one that says that it is not known. */
export type Cell = string | null;
export type Row = Readonly<Record<string, Cell>>;

// What is read in the page is written as text: it runs in the browser, and takes no part in the types of this program.
const cellOf = `(cell) => {
  const figure = cell.querySelector('data');
  const text = cell.textContent.trim();
  return figure === null ? (text === '–' ? null : text) : figure.value;
}`;

/** The rows of a table that are drawn, by their key, each by the titles of its columns. */
export async function readTable(page: Page, caption: string): Promise<Map<string, Row>> {
  const rows = await page.evaluate(`(() => {
    const cellOf = ${cellOf};
    const table = [...document.querySelectorAll('table')].find(
      ({ caption }) => caption?.textContent === ${JSON.stringify(caption)},
    );
    if (table === undefined) return [];
    const titles = [...table.querySelectorAll('thead th')].map(({ textContent }) => textContent.replace(/[▾▴]/g, ''));
    return [...table.querySelectorAll('tbody tr[data-key], tbody tr[data-block]')].map((row) => [
      row.dataset.key ?? row.dataset.block,
      Object.fromEntries([...row.cells].map((cell, at) => [titles[at], cellOf(cell)])),
    ]);
  })()`);
  return new Map(rows as [string, Row][]);
}

/** Figures that stand side by side, by their labels. */
export async function readStats(page: Page): Promise<Row> {
  return (await page.evaluate(`(() => {
    const cellOf = ${cellOf};
    return Object.fromEntries([...document.querySelectorAll('.stat')].map((stat) => [
      stat.querySelector('dt').textContent,
      stat.querySelector('dd > data') === null ? null : cellOf(stat.querySelector('dd')),
    ]));
  })()`)) as Row;
}

/** All exact figures within what a selector finds, in their order. */
export async function readFigures(page: Page, selector: string): Promise<string[]> {
  return (await page.evaluate(
    `[...document.querySelectorAll(${JSON.stringify(selector)})].map(({ value }) => value)`,
  )) as string[];
}

/** The digests that panels show, whole, by the titles of these. */
export async function readDigests(page: Page): Promise<Readonly<Record<string, readonly string[]>>> {
  return (await page.evaluate(`Object.fromEntries([...document.querySelectorAll('.panel')]
    .map((panel) => [
      panel.querySelector('h2').textContent,
      [...panel.querySelectorAll('[data-digest]')].map(({ dataset }) => dataset.digest),
    ])
    .filter(([, digests]) => digests.length > 0))`)) as Readonly<Record<string, readonly string[]>>;
}

/** As a page writes a figure of an answer. */
export function shownAs(value: number | string | null | undefined): Cell {
  return value === null || value === undefined ? null : String(value);
}
