import type { TSchema } from 'typebox';

/** A format as ajv-formats defines it. */
export type Formats = Readonly<Record<string, unknown>>;

type Check = (value: unknown) => boolean;

/**
 * Whether a value fits a schema, for sure. False may also mean that this cannot tell: ask a whole validator then, which
 * also says why. It takes about a hundred times as long to be made as this, and is mostly asked about what fits.
 */
export function createCheck(schema: TSchema, formats: Formats): Check {
  const parts: Check[] = [];
  for (const [keyword, argument] of Object.entries(schema)) {
    if (silent.has(keyword) || ofMappings.has(keyword)) continue;
    const make = keywords[keyword];
    parts.push(make === undefined ? () => false : make(argument as never, formats));
  }
  if (Object.keys(schema).some((keyword) => ofMappings.has(keyword))) parts.push(propertiesCheck(schema, formats));
  return (value) => parts.every((part) => part(value));
}

/** Keywords that say nothing of a value. */
const silent = new Set(['description', 'examples', 'title', 'default', '$id', '$schema']);

/** Keywords that only say something together. */
const ofMappings = new Set(['properties', 'patternProperties', 'required', 'additionalProperties']);

/** Each keyword concerns one type, and lets any other value pass; `type` is what refuses that. */
const keywords: Readonly<Record<string, (argument: never, formats: Formats) => Check>> = {
  type: (type: string) => types[type] ?? (() => false),
  const: (wanted: unknown) => (isScalar(wanted) ? (value) => value === wanted : () => false),
  enum: (allowed: readonly unknown[]) => (value) => isScalar(value) && allowed.includes(value),
  anyOf: (branches: readonly TSchema[], formats) => {
    const checks = branches.map((branch) => createCheck(branch, formats));
    return (value) => checks.some((check) => check(value));
  },
  pattern: (pattern: string) => {
    const matcher = new RegExp(pattern, 'u');
    return onText((text) => matcher.test(text));
  },
  format: (name: string, formats) => formatCheck(formats[name]),
  // Counted by code point, of which a text has as many as code units, or fewer.
  minLength: (limit: number) => onText((text) => (text.length < limit ? false : [...text].length >= limit)),
  maxLength: (limit: number) => onText((text) => text.length <= limit),
  minimum: (limit: number) => onNumber((value) => value >= limit),
  maximum: (limit: number) => onNumber((value) => value <= limit),
  exclusiveMinimum: (limit: number) => onNumber((value) => value > limit),
  minItems: (limit: number) => onList((list) => list.length >= limit),
  maxItems: (limit: number) => onList((list) => list.length <= limit),
  uniqueItems: () => onList((list) => list.every(isScalar) && new Set(list).size === list.length),
  items: (item: TSchema, formats) => {
    const check = createCheck(item, formats);
    return onList((list) => list.every(check));
  },
  minProperties: (limit: number) => onMapping((mapping) => Object.keys(mapping).length >= limit),
};

/** All that is said of a mapping's properties, in one pass over those that it has. */
function propertiesCheck(schema: TSchema, formats: Formats): Check {
  const { properties = {}, patternProperties = {}, required = [], additionalProperties } = schema as ObjectSchema;
  const known = new Map(Object.entries(properties).map(([key, part]) => [key, createCheck(part, formats)]));
  const patterns = Object.entries(patternProperties).map(([pattern, part]) => ({
    pattern: new RegExp(pattern, 'u'),
    check: createCheck(part, formats),
  }));
  if (typeof additionalProperties === 'object') return () => false;
  return onMapping((mapping) => {
    for (const key of required) if (!Object.hasOwn(mapping, key) || mapping[key] === undefined) return false;
    for (const key of Object.keys(mapping)) {
      const value = mapping[key];
      const own = known.get(key);
      if (own !== undefined && !own(value)) return false;
      const matching = patterns.filter(({ pattern }) => pattern.test(key));
      if (matching.some(({ check }) => !check(value))) return false;
      if (own === undefined && matching.length === 0 && additionalProperties === false) return false;
    }
    return true;
  });
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly patternProperties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
}

const types: Readonly<Record<string, Check>> = {
  string: (value) => typeof value === 'string',
  number: (value) => Number.isFinite(value),
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  array: (value) => Array.isArray(value),
  object: isMapping,
};

function formatCheck(format: unknown): Check {
  if (format instanceof RegExp && !format.global) return onText((text) => format.test(text));
  if (typeof format === 'function') return onText((text) => format(text) === true);
  return typeof format === 'object' && format !== null && 'validate' in format
    ? formatCheck(format.validate)
    : () => false;
}

function onText(check: (text: string) => boolean): Check {
  return (value) => typeof value !== 'string' || check(value);
}

function onNumber(check: (value: number) => boolean): Check {
  return (value) => typeof value !== 'number' || check(value);
}

function onList(check: (list: readonly unknown[]) => boolean): Check {
  return (value) => !Array.isArray(value) || check(value);
}

function onMapping(check: (mapping: Readonly<Record<string, unknown>>) => boolean): Check {
  return (value) => !isMapping(value) || check(value);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}
