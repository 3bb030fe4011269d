import { Ajv, type ErrorObject } from 'ajv';
import formats from 'ajv-formats';
import { suggest } from '../../catalog/nearest.ts';
import { invalidRequest, type ProblemError, type ProblemPart } from './http-problem.ts';

/** The parts of a request that have a schema. All but the body come as text. */
export type RequestPart = 'body' | 'querystring' | 'params' | 'headers';

/** Gives the value in its schema's types, with defaults filled in, or what is wrong with all of it. */
export type Validate = (data: unknown) => { value: unknown } | { error: ProblemError };

const ajv = formats.default(
  new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, verbose: true, useDefaults: true }),
);

/**
 * Compiles the check of one part of requests. Unknown query parameters are errors, since a misspelt filter must not widen an
 * answer; text becomes a number only when it is one in plain decimal digits, so that `1e3`, `0x10` or `` are refused.
 */
export function createValidator(schema: unknown, part: RequestPart): Validate {
  const validate = ajv.compile(objectOf(schema));
  const properties = objectOf(objectOf(schema).properties);
  return (data) => {
    const value = part === 'body' ? data : fromText(data, properties);
    if (validate(value)) return { value };
    const errors = (validate.errors ?? []).map((error) => explain(error, part, Object.keys(properties)));
    return { error: invalidRequest(firstOfEach(errors)) };
  };
}

const integer = /^(0|-?[1-9]\d*)$/;
const decimal = /^-?(0|[1-9]\d*)(\.\d+)?$/;

function fromText(data: unknown, properties: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(objectOf(data)).map(([name, text]) => [name, typedValueOf(text, objectOf(properties[name]).type)]),
  );
}

function typedValueOf(text: unknown, type: unknown): unknown {
  if (type === 'array') return Array.isArray(text) ? text : [text];
  if (typeof text !== 'string') return text;
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  const number = Number(text);
  if (type === 'integer' && integer.test(text) && Number.isSafeInteger(number)) return number;
  if (type === 'number' && decimal.test(text) && Number.isFinite(number)) return number;
  return text;
}

/** Of several reasons against one parameter the first is enough: the others follow from it. */
function firstOfEach(errors: readonly ProblemPart[]): ProblemPart[] {
  const places = errors.map(({ parameter, pointer }) => parameter ?? pointer);
  return errors.filter((_, at) => places.indexOf(places[at]) === at);
}

function explain(error: ErrorObject, part: RequestPart, known: readonly string[]): ProblemPart {
  const { keyword, params } = error;
  if (keyword === 'additionalProperties') {
    const unknown = String(params.additionalProperty);
    const names = known.length === 0 ? 'this path takes none' : `known are ${known.join(', ')}`;
    const nearest = suggest(unknown, known);
    const hint = nearest.startsWith('did you mean') ? `${nearest} ${names}` : names;
    return placed(error, part, unknown, `not a parameter of this path; ${hint}`);
  }
  if (keyword === 'required') {
    return placed(error, part, String(params.missingProperty), 'it is missing');
  }
  return placed(error, part, undefined, reasonOf(error));
}

function reasonOf({ keyword, params, data, message, parentSchema }: ErrorObject): string {
  const given = data === undefined ? '' : `, not ${JSON.stringify(data)?.slice(0, 100)}`;
  switch (keyword) {
    case 'type':
      if (Array.isArray(data)) return 'it is given more than once: give it once';
      if (params.type === 'integer') return `must be a whole number in decimal digits${given}`;
      if (params.type === 'number') return `must be a decimal number${given}`;
      if (params.type === 'boolean') return `must be true or false${given}`;
      return `must be of type ${params.type}${given}`;
    case 'enum':
      return `must be one of ${params.allowedValues.join(', ')}${given}`;
    case 'minimum':
      return `must be ${params.limit} or more${given}`;
    case 'maximum':
      return `must be ${params.limit} or less${given}`;
    case 'pattern': {
      const about: unknown = objectOf(parentSchema).description;
      return `must be ${typeof about === 'string' ? about : `like ${params.pattern}`}${given}`;
    }
    default:
      return `${message ?? 'not allowed'}${given}`;
  }
}

function placed(error: ErrorObject, part: RequestPart, property: string | undefined, detail: string): ProblemPart {
  const path = property === undefined ? error.instancePath : `${error.instancePath}/${property}`;
  if (part === 'body') return { pointer: `#${path}`, detail };
  return { parameter: path.split('/')[1] ?? part, detail };
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
