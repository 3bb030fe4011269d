import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = dirname(import.meta.dirname);
/** Where the generators meet the disk; everything else turns values into values. What CI's jobs call, in ci/, is no generator. */
const impure = /(^|[/-])cli\.ts$|^(watch|project-files|emit\/tree|plan\/repository|promotion\/git)\.ts$/;
/** What a pure file cannot hold: the disk, the clock, chance, the machine, its locale. */
const banned =
  /from 'node:(fs|os|child_process|http|net)|\bDate\b|Math\.random|process\.|performance\.|localeCompare|Intl\./;

describe('generators', () => {
  it('render without disk, clock, chance or environment', () => {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name))
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
      .filter((file) => !impure.test(file) && !/^(testing|ci)\//.test(file));
    expect(files.length).toBeGreaterThan(15);
    const wrong = files.filter((file) => banned.test(readFileSync(join(folder, file), 'utf8')));
    expect(wrong).toEqual([]);
  });
});
