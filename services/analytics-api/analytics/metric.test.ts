import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { definitionOf, metricIds } from '../../contracts/analytics-metrics.ts';
import { entryPoints, userOperationTopic } from '../../datasets/chain/user-operations.ts';
import { metricsTable } from './metrics-route.ts';

describe('the definitions of metrics', () => {
  it('say what each is, in which unit, from which columns, and when it is null', () => {
    expect(new Set(metricIds.map((id) => definitionOf(id).title)).size).toBe(metricIds.length);
    for (const id of metricIds) {
      const { title, unit, definition, nullWhen, from, columns } = definitionOf(id);
      expect({ id, has: [title, unit].every((text) => text.length > 2) }).toEqual({ id, has: true });
      expect(definition, id).toMatch(/^.{20,}\.$/s);
      if (nullWhen !== null) expect(nullWhen, id).not.toMatch(/\.$/);
      expect(columns.length > 0, id).toBe(from !== 'catalog');
    }
  });

  it('name the contracts and the log by which user operations are counted', () => {
    const { definition } = definitionOf('userOperations');
    for (const part of [...entryPoints, userOperationTopic]) expect(definition).toContain(part);
  });

  it('are the table of the documentation, a line each', () => {
    const lines = metricsTable().split('\n').slice(2);
    expect(lines.map((line) => /^\| `(\w+)` \|/.exec(line)?.[1])).toEqual(metricIds);
    for (const line of lines) expect(line.split(' | ')).toHaveLength(4);
  });

  it('are the table of the README, a line each', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const lines = readme.slice(readme.indexOf('| metric')).trim().split('\n').slice(2);
    const cells = lines.map((line) =>
      line
        .split('|')
        .slice(1, 4)
        .map((cell) => cell.trim()),
    );
    expect(cells).toEqual(metricIds.map((id) => [`\`${id}\``, definitionOf(id).title, definitionOf(id).unit]));
  });
});
