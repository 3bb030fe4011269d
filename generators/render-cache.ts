import { type App, folderOf } from './app.ts';
import { renderAppFile } from './argocd/app-file.ts';
import { type OutputFile, renderManifests } from './emit/output.ts';
import type { Rendering } from './render.ts';
import { renderUnit, type Unit } from './unit.ts';

/** An app with its files. */
export interface RenderedUnit {
  readonly app: App;
  readonly files: readonly OutputFile[];
}

/** What was rendered before: whoever renders an environment again and again passes one. */
export interface RenderCache {
  /** By folder. */
  readonly units: Map<string, { readonly unit: Unit; readonly rendered: RenderedUnit }>;
  /** All of it, as it was last. */
  last?: Rendering;
}

export function createRenderCache(): RenderCache {
  return { units: new Map() };
}

/** Renders a unit, unless the cache has it from the very same place and inputs. */
export function renderOnce(unit: Unit, cache: RenderCache | undefined): RenderedUnit {
  if (cache === undefined) return render(unit);
  const folder = folderOf({ ...unit.place, name: unit.name });
  const kept = cache.units.get(folder);
  if (kept !== undefined && isSame(kept.unit, unit)) return kept.rendered;
  const rendered = render(unit);
  cache.units.set(folder, { unit, rendered });
  return rendered;
}

function render(unit: Unit): RenderedUnit {
  const app = renderUnit(unit);
  return { app, files: [renderAppFile(app), ...renderManifests(folderOf(app), app.manifests)] };
}

function isSame(a: Unit, b: Unit): boolean {
  return (
    a.name === b.name &&
    a.tier === b.tier &&
    a.owner === b.owner &&
    isEqual(a.place, b.place) &&
    isEqual(a.inputs, b.inputs)
  );
}

/**
 * Equal as plain data. Entries of the catalog whose file has not changed are the same objects as before, so that nearly all
 * of it is equal at a glance.
 */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}

/** Anything else, such as a Map, says nothing of itself by its keys. */
function isRecord(value: object): value is Record<string, unknown> {
  return Object.getPrototypeOf(value) === Object.prototype;
}
