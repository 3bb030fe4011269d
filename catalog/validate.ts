import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { TSchema } from 'typebox';
import { createCheck } from './fits-schema.ts';
import { suggest } from './nearest.ts';
import type { Problem } from './problem.ts';
import type { ParsedYaml, Path } from './yaml.ts';

/** A schema error in words, at a path into the value. */
export interface SchemaError {
  path: Path;
  /** True when the name at the path is wrong, not what it holds. */
  atKey: boolean;
  code: string;
  message: string;
  fix: string;
}

const ajv = formats.default(new Ajv({ allErrors: true, verbose: true, strict: true, code: { optimize: false } }));
const checks = new WeakMap<TSchema, (value: unknown) => boolean>();
const compiled = new WeakMap<TSchema, ValidateFunction>();

/**
 * All errors of a value against a schema; none means it has the schema's type. A validator is compiled for the first
 * value that does not fit: compiling all of them takes longer than reading the catalog.
 */
export function checkSchema(schema: TSchema, value: unknown): SchemaError[] {
  const fits = kept(checks, schema, () => createCheck(schema, ajv.formats));
  if (fits(value)) return [];
  const validate = kept(compiled, schema, () => ajv.compile(schema));
  if (validate(value)) return [];
  return withoutOtherBranches(validate.errors ?? []).map(explain);
}

function kept<T>(cache: WeakMap<TSchema, T>, schema: TSchema, make: () => T): T {
  const known = cache.get(schema);
  if (known !== undefined) return known;
  const made = make();
  cache.set(schema, made);
  return made;
}

/** The same, as problems of a file. */
export function schemaProblems(file: string, schema: TSchema, parsed: ParsedYaml): (Problem & { path: Path })[] {
  return checkSchema(schema, parsed.value).map(({ path, atKey, code, message, fix }) => {
    const place = parsed.placeOf(path, atKey ? 'key' : 'value');
    return { file, ...place, code, message, fix, severity: 'error', path };
  });
}

/** Where a union failed, keep the errors of the one branch that was meant (its literals fit). */
function withoutOtherBranches(errors: ErrorObject[]): ErrorObject[] {
  let kept = errors;
  for (const union of errors.filter((error) => error.keyword === 'anyOf')) {
    const branches = new Map<string, ErrorObject[]>();
    for (const error of kept) {
      const inside = error.schemaPath.startsWith(`${union.schemaPath}/`);
      const branch = inside ? error.schemaPath.slice(union.schemaPath.length + 1).split('/', 1)[0] : undefined;
      if (branch !== undefined) branches.set(branch, [...(branches.get(branch) ?? []), error]);
    }
    const meant = [...branches.values()].filter((branch) => branch.every((error) => error.keyword !== 'const'));
    const shown = meant.length === 1 ? meant[0] : undefined;
    const dropped = new Set([...branches.values()].flat().filter((error) => !shown?.includes(error)));
    if (shown !== undefined) dropped.add(union);
    kept = kept.filter((error) => !dropped.has(error));
  }
  return kept;
}

function explain(error: ErrorObject): SchemaError {
  const path = pathOf(error.instancePath);
  const params = error.params;
  const schema: unknown = error.parentSchema;
  const wrong = (message: string, fix: string): SchemaError => ({ path, atKey: false, code: 'CAT013', message, fix });
  const name = path.length === 0 ? 'the file' : `"${path.findLast((step) => typeof step === 'string') ?? ''}"`;
  const data: unknown = error.data;
  switch (error.keyword) {
    case 'required': {
      const missing = String(params.missingProperty);
      const about = describe(propertySchema(schema, missing));
      const fix = `add "${missing}:"${about === undefined ? '' : ` (${about})`}`;
      return { path, atKey: false, code: 'CAT010', message: `"${missing}" is missing`, fix };
    }
    case 'additionalProperties': {
      const unknown = String(params.additionalProperty);
      const known = Object.keys(objectAt(schema, 'properties'));
      const message = `unknown property ${quote(unknown)}`;
      return { path: [...path, unknown], atKey: true, code: 'CAT011', message, fix: suggest(unknown, known) };
    }
    case 'type': {
      const wanted = String(params.type);
      const message = `${name} must be ${typeNames[wanted] ?? wanted}, not ${nameValue(data)}`;
      return { path, atKey: false, code: 'CAT012', message, fix: fixType(wanted, data) };
    }
    case 'enum': {
      const allowed: readonly unknown[] = Array.isArray(params.allowedValues) ? params.allowedValues : [];
      return wrong(`${name} cannot be ${nameValue(data)}`, suggest(String(data), allowed.map(String)));
    }
    case 'const':
      return wrong(`${name} cannot be ${nameValue(data)}`, `write ${nameValue(params.allowedValue)}`);
    case 'anyOf': {
      const kinds = branchKinds(schema);
      if (kinds.length === 0)
        return wrong(`${name} has none of the shapes allowed`, describe(schema) ?? 'see the schema');
      return wrong(`${name} is none of the kinds allowed`, `set "kind" to one of ${kinds.join(', ')}`);
    }
    case 'pattern': {
      const example = exampleOf(schema);
      const about = describe(schema);
      const like = example === undefined ? `it must match ${String(params.pattern)}` : `write it like ${example}`;
      return wrong(`${name} cannot be ${nameValue(data)}`, about === undefined ? like : `${like} (${about})`);
    }
    case 'format':
      return wrong(
        `${nameValue(data)} is no ${formatNames[String(params.format)] ?? String(params.format)}`,
        'correct it',
      );
    case 'minimum':
      return wrong(`${name} is ${nameValue(data)}`, `it must be at least ${params.limit}`);
    case 'exclusiveMinimum':
      return wrong(`${name} is ${nameValue(data)}`, `it must be more than ${params.limit}`);
    case 'maximum':
      return wrong(`${name} is ${nameValue(data)}`, `it must be at most ${params.limit}`);
    case 'minItems':
      return wrong(`${name} has too few items`, `give at least ${params.limit}`);
    case 'maxItems':
      return wrong(`${name} has too many items`, `give at most ${params.limit}`);
    case 'minLength':
      return wrong(`${name} is too short`, `give at least ${params.limit} characters`);
    case 'maxLength':
      return wrong(`${name} is too long`, `give at most ${params.limit} characters`);
    case 'minProperties':
      return wrong(`${name} says nothing`, 'give it a property, or remove it');
    case 'uniqueItems': {
      const item = Array.isArray(data) ? data[Number(params.i)] : undefined;
      return {
        ...wrong(`${nameValue(item)} stands twice in ${name}`, 'keep one of the two'),
        path: [...path, Number(params.i)],
      };
    }
    default:
      return wrong(`${name} ${error.message ?? 'is not allowed'}`, 'correct it');
  }
}

const typeNames: Record<string, string> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

const formatNames: Record<string, string> = {
  uri: 'URL',
  hostname: 'host name',
  email: 'e-mail address',
  date: 'date (2026-01-31)',
};

function fixType(wanted: string, data: unknown): string {
  if (data === null) return 'give it a value, or remove it';
  if (wanted === 'string' && (typeof data === 'number' || typeof data === 'boolean')) return `quote it: "${data}"`;
  if ((wanted === 'integer' || wanted === 'number') && typeof data === 'string' && /^-?\d+(\.\d+)?$/.test(data)) {
    return 'remove the quotes';
  }
  if (wanted === 'array') return 'put "- " before each item';
  return `write ${typeNames[wanted] ?? wanted}`;
}

/** A value short enough for a message. */
function nameValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? quote(value) : String(value);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}

function pathOf(pointer: string): (string | number)[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

function objectAt(value: unknown, key: string): Record<string, unknown> {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === 'object' && found !== null ? { ...found } : {};
}

function propertySchema(schema: unknown, property: string): unknown {
  return objectAt(schema, 'properties')[property];
}

function describe(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const text: unknown = Reflect.get(schema, 'description');
  if (typeof text === 'string') return text;
  const choices: unknown = Reflect.get(schema, 'enum');
  return Array.isArray(choices) ? choices.join(', ') : undefined;
}

function exampleOf(schema: unknown): string | undefined {
  const examples: unknown = typeof schema === 'object' && schema !== null ? Reflect.get(schema, 'examples') : undefined;
  return Array.isArray(examples) ? String(examples[0]) : undefined;
}

function branchKinds(schema: unknown): string[] {
  return Object.values(objectAt(schema, 'anyOf')).flatMap((branch) => {
    const kind = objectAt(objectAt(branch, 'properties'), 'kind').const;
    return typeof kind === 'string' ? [kind] : [];
  });
}
