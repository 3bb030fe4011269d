import type { Static, TSchema } from 'typebox';
import { checkSchema } from '../../catalog/validate.ts';
import { CiError } from './ci-error.ts';

/** What another system answered, once it is known to have the schema's shape; further properties may be there. */
export function parseAnswer<S extends TSchema>(schema: S, value: unknown, from: string): Static<S> {
  const [first] = checkSchema(schema, value);
  if (first !== undefined) {
    const at = first.path.length === 0 ? 'the answer' : first.path.join('.');
    throw new CiError(`${from}: ${at}: ${first.message}; is the address that of an API, and not of a page or a proxy?`);
  }
  // The schema has just said so.
  return value as Static<S>;
}
