import { withEnvironment } from '../../../catalog/environment.ts';
import type { Service } from '../../../catalog/schema/service.ts';
import type { Manifest } from '../../emit/manifest.ts';
import type { RenderInputs } from '../../inputs.ts';
import { inputsOf } from '../../testing/project.ts';
import { renderUnit } from '../../unit.ts';
import { serviceUnits } from '../units.ts';

/** An object with its body open, for a test to look into: every kind has its own shape, and a wrong path fails the test. */
export type Body = Manifest & {
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  readonly spec: any;
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  readonly data: any;
};

const staging = inputsOf('staging');

/** Staging, with the real catalog, in which one service is another. */
export function stagingWith(id: string, change: Partial<Service>): RenderInputs {
  const services = staging.catalog.services.map((service) => (service.id === id ? { ...service, ...change } : service));
  return { ...staging, catalog: { ...staging.catalog, services } };
}

/** The objects of a service on its first cluster. */
export function objectsOf(id: string, inputs: RenderInputs = staging): Body[] {
  const sized = { ...inputs, catalog: withEnvironment(inputs.catalog, inputs.environment) };
  const unit = serviceUnits(sized).find(({ name }) => name === id);
  return unit === undefined ? [] : (renderUnit(unit).manifests as readonly Body[]).slice();
}

/** The service's objects of a kind, by name. */
export function named(objects: readonly Body[], kind: string): Record<string, Body> {
  return Object.fromEntries(objects.filter((each) => each.kind === kind).map((each) => [each.metadata.name, each]));
}

/** The one object of a kind. */
export function only(objects: readonly Body[], kind: string): Body {
  const [first, ...others] = objects.filter((each) => each.kind === kind);
  if (first === undefined || others.length > 0)
    throw new Error(`${others.length + (first ? 1 : 0)} objects are ${kind}`);
  return first;
}

export { staging };
