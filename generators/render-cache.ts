import { createHash } from 'node:crypto';
import { canonicalJson } from '../catalog/lock.ts';
import { type App, folderOf } from './app.ts';
import { renderAppFile } from './argocd/app-file.ts';
import { type OutputFile, renderManifests } from './emit/output.ts';
import { renderUnit, type Unit } from './unit.ts';

/** An app with its files. */
export interface RenderedUnit {
  readonly app: App;
  readonly files: readonly OutputFile[];
}

/** What was rendered before, by folder: whoever renders again and again passes one. */
export type RenderCache = Map<string, { readonly key: string; readonly rendered: RenderedUnit }>;

/** Renders a unit, unless the cache has it from the very same place and inputs. */
export function renderOnce(unit: Unit, cache: RenderCache | undefined): RenderedUnit {
  if (cache === undefined) return render(unit);
  const folder = folderOf({ ...unit.place, name: unit.name });
  const key = keyOf(unit);
  const kept = cache.get(folder);
  if (kept?.key === key) return kept.rendered;
  const rendered = render(unit);
  cache.set(folder, { key, rendered });
  return rendered;
}

function render(unit: Unit): RenderedUnit {
  const app = renderUnit(unit);
  return { app, files: [renderAppFile(app), ...renderManifests(folderOf(app), app.manifests)] };
}

function keyOf({ place, name, tier, owner, inputs }: Unit): string {
  return createHash('sha256').update(canonicalJson({ place, name, tier, owner, inputs })).digest('base64');
}
