import { withEnvironment } from '../../../catalog/environment.ts';
import type { Pool } from '../../../catalog/schema/pool.ts';
import type { Manifest } from '../../emit/manifest.ts';
import { getPool, type RenderInputs } from '../../inputs.ts';
import { inputsOf } from '../../testing/project.ts';
import { poolUnits } from '../units.ts';

/** An object with its insides open. */
// biome-ignore lint/suspicious/noExplicitAny: every kind has its own shape; a wrong path fails the test.
export type Open = Manifest & { readonly spec: any };

/** What is rendered for a pool's machines in an environment, with the pool at that environment's size. */
export function renderPool(environment: string, id: string): { pool: Pool; objects: Open[] } {
  const inputs = sizedInputs(environment);
  const unit = poolUnits(inputs).find(({ name }) => name === `pool-${id}`);
  return { pool: getPool(inputs.catalog, id), objects: (unit?.render() ?? []) as Open[] };
}

export function sizedInputs(environment: string): RenderInputs {
  const given = inputsOf(environment);
  return { ...given, catalog: withEnvironment(given.catalog, given.environment) };
}

export function ofKind(objects: readonly Open[], kind: string): Open[] {
  return objects.filter((object) => object.kind === kind);
}

/** The only object of a kind, or of a kind and name. */
export function only(objects: readonly Open[], kind: string, name?: RegExp): Open {
  const found = ofKind(objects, kind).filter(({ metadata }) => name?.test(metadata.name) ?? true);
  const [first, ...others] = found;
  if (first === undefined || others.length > 0) throw new Error(`${found.length} objects ${kind} ${name ?? ''}`);
  return first;
}
