import type { App, Place, Tier } from './app.ts';
import { type Manifest, toManifest } from './emit/manifest.ts';

/** One app of one cluster, still to be rendered. */
export interface Unit {
  readonly place: Place;
  /** Unique in its cluster: `chain-sync`. */
  readonly name: string;
  readonly tier: Tier;
  /** Owner, from the catalog, who is told when it fails. */
  readonly owner: string;
  /** All that the objects are made from, beside the place: plain data, so that an equal unit is known to be equal. */
  readonly inputs: object;
  /** Pure: the same place and inputs give the same objects. */
  render(): Manifest[];
}

interface UnitOptions<I extends object> extends Omit<Unit, 'render'> {
  readonly inputs: I;
  readonly render: (place: Place, inputs: I) => readonly (object | undefined)[];
}

/**
 * Describes an app. `render` is given the place and `inputs`, and must take nothing from elsewhere: a unit whose place
 * and inputs have not changed is not rendered again. Entries that are undefined are left out.
 */
export function unit<I extends object>({ render, ...description }: UnitOptions<I>): Unit {
  const { place, inputs } = description;
  return {
    ...description,
    render: () => render(place, inputs).flatMap((value) => (value === undefined ? [] : [toManifest(value)])),
  };
}

/** The app with its objects. */
export function renderUnit({ place, name, tier, owner, render }: Unit): App {
  return { ...place, name, tier, owner, manifests: render() };
}
