import { describe, expect, it } from 'vitest';
import { parseCatalog } from '../../catalog/load.ts';
import { formatProblem } from '../../catalog/problem.ts';
import { inputsOf, realCatalogFiles } from '../testing/project.ts';
import { named, objectsOf } from './testing/render-service.ts';

const file = 'pairs/defi.yaml';

describe('the catalog with more pairs', () => {
  it.each([
    [1, 5],
    [51, 6],
  ])('has room for %i more: %i collectors hold them all', (more, shards) => {
    const real = realCatalogFiles();
    const files = new Map(real).set(file, Buffer.from(withMore(String(real.get(file)), more)));
    expect(parseCatalog(files).problems.map(formatProblem)).toEqual([]);
    const inputs = inputsOf('staging', files);
    const objects = objectsOf('market-collector', inputs);
    const sets = Object.values(named(objects, 'StatefulSet'));
    expect(sets).toHaveLength(shards);
    const slices = JSON.stringify(Object.values(named(objects, 'ConfigMap')).map(({ data }) => data));
    for (const { symbol, status } of inputs.catalog.pairs) {
      expect(slices.includes(symbol), symbol).toBe(status !== 'retired');
    }
    for (const { spec } of sets) {
      const [{ env }] = spec.template.spec.containers;
      expect(env).toContainEqual({ name: 'BINANCE_WEIGHT_SHARE', value: `1/${shards}` });
    }
  });
});

function withMore(file: string, count: number): string {
  const pairs = Array.from({ length: count }, (_, index) => `NEW${String(index).padStart(2, '0')}`).map(
    (base) => `  - { symbol: ${base}USDT, base: ${base}, tickSize: "0.001", stepSize: "0.1", minNotional: "5" }\n`,
  );
  return `${file.trimEnd()}\n${pairs.join('')}`;
}
