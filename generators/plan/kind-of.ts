import { identityOf, type Manifest } from '../emit/manifest.ts';
import type { Json } from '../emit/yaml.ts';
import { isList, isMapping } from './edits.ts';

/** `StatefulSet.apps`, `Namespace`: kind and group, as an identity begins. */
export function kindOf(manifest: Manifest): string {
  return identityOf(manifest).split('/')[0] ?? manifest.kind;
}

/** The value at `spec.template.spec`; a step `[]` into a list takes all of its items. */
export function valuesAt(value: Json | undefined, path: string): Json[] {
  const [step, ...rest] = path.split('.');
  if (value === undefined) return [];
  if (step === undefined || path === '') return [value];
  if (step.endsWith('[]')) {
    const list = isMapping(value) ? value[step.slice(0, -2)] : undefined;
    return isList(list) ? list.flatMap((item) => valuesAt(item, rest.join('.'))) : [];
  }
  return isMapping(value) ? valuesAt(value[step], rest.join('.')) : [];
}

/** As valuesAt, where there is one at most. */
export function valueAt(value: Json | undefined, path: string): Json | undefined {
  return valuesAt(value, path)[0];
}

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** `100Gi` in bytes; undefined for what is no amount. A bare number is taken as it is. */
export function parseAmount(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return value;
  const [, digits, unit = ''] = typeof value === 'string' ? (/^([0-9.]+)([kMGTP]i?|Ki)?$/.exec(value) ?? []) : [];
  const factor = unitBytes[unit];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}
