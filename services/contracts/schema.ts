import Type, { type Static, type TSchema } from 'typebox';

// The words that answers are described with. Nothing here needs Node: the pages check what they are answered by the same schemas.

/** An object that has these properties and no others. */
export const closed = { additionalProperties: false } as const;

/** A value or null, in one schema that JSON Schema, OpenAPI 3.1 and the serializer read alike. */
export function Nullable<S extends TSchema & { type: string }>(schema: S) {
  return Type.Unsafe<Static<S> | null>({ ...schema, type: [schema.type, 'null'] });
}

/** A string that is one of these words. */
export function OneOf<const Word extends string>(
  words: readonly Word[],
  options: { description?: string; default?: Word } = {},
) {
  return Type.Unsafe<Word>({ type: 'string', enum: [...words], ...options });
}

/** Refers to a schema that the app holds under this $id, so that the document shows it once and by name. */
export function shared<S extends TSchema>(id: string, _schema: S) {
  return Type.Unsafe<Static<S>>({ $ref: `${id}#` });
}

export const Count = (description: string) => Type.Integer({ minimum: 0, description });
export const Text = (description: string) => Type.String({ description });
/** Digits of a whole number of any size: wei, gas. */
export const WholeDecimal = (description: string) => Type.String({ pattern: '^(0|[1-9][0-9]*)$', description });
export const Hash = (description: string) => Type.String({ pattern: '^0x[0-9a-f]{64}$', description });
export const Address = (description: string) => Type.String({ pattern: '^0x[0-9a-f]{40}$', description });
export const UnixSeconds = (description: string) => Type.Integer({ description: `${description}, Unix seconds` });
