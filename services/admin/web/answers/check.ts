import { type Schema, Validator } from '@cfworker/json-schema';
import type { Static, TSchema } from 'typebox';

/** Takes what came from outside and gives it back if it is what the schema says. Throws a `NotUnderstood` if it is not. */
export type Check<T> = (value: unknown) => T;

/** An answer or a message of another form than this page knows: most likely the page is older or younger than the service. */
export class NotUnderstood extends Error {}

/** The check of a schema; `named` are those that it refers to by their $id. Compiles nothing: the page forbids evaluation. */
export function createCheck<S extends TSchema>(schema: S, named: readonly TSchema[] = []): Check<Static<S>> {
  const validator = new Validator(opened(schema), '2020-12', true);
  // It may be one of the named ones itself.
  for (const each of named) if (each !== schema) validator.addSchema(opened(each));
  return (value) => {
    const { valid, errors } = validator.validate(value);
    if (valid) return value as Static<S>;
    const deepest = errors.at(-1);
    throw new NotUnderstood(
      `${deepest?.instanceLocation ?? '#'}: ${deepest?.error ?? 'not as described'} Reload the page: it may be older than the service.`,
    );
  };
}

/** A younger service may say more than this page knows: that is no error here, as it is at the service. */
function opened(schema: TSchema): Schema {
  const text = JSON.stringify(schema, (key, value) =>
    key === 'additionalProperties' && value === false ? undefined : value,
  );
  return JSON.parse(text) as Schema;
}
