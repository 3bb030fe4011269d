import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import Type, { type Static } from 'typebox';

// As much of an OpenAPI 3.1 document as requests are made from and answers are held against.

const Shown = {
  example: Type.Optional(Type.Unknown()),
  examples: Type.Optional(Type.Record(Type.String(), Type.Object({ value: Type.Optional(Type.Unknown()) }))),
};
const Parameter = Type.Object({
  name: Type.String(),
  in: Type.String(),
  required: Type.Optional(Type.Boolean()),
  schema: Type.Optional(
    Type.Object({
      enum: Type.Optional(Type.Array(Type.Unknown())),
      examples: Type.Optional(Type.Array(Type.Unknown())),
      default: Type.Optional(Type.Unknown()),
    }),
  ),
  ...Shown,
});
export type Parameter = Static<typeof Parameter>;

const Link = Type.Object({ operationId: Type.String(), parameters: Type.Record(Type.String(), Type.String()) });
export type Link = Static<typeof Link>;

const Answer = Type.Object({
  content: Type.Optional(Type.Record(Type.String(), Type.Object({ schema: Type.Optional(Type.Unknown()), ...Shown }))),
  links: Type.Optional(Type.Record(Type.String(), Link)),
});
const Described = Type.Object({
  operationId: Type.String(),
  parameters: Type.Optional(Type.Array(Parameter)),
  responses: Type.Record(Type.String(), Answer),
});
const Document = Type.Object({
  paths: Type.Record(Type.String(), Type.Object({ get: Type.Optional(Described) })),
  components: Type.Optional(
    Type.Object({
      schemas: Type.Optional(
        Type.Record(Type.String(), Type.Object({ examples: Type.Optional(Type.Array(Type.Unknown())) })),
      ),
    }),
  ),
});

/** What a GET of a path takes and gives. */
export interface Operation {
  readonly id: string;
  /** `/things/{id}`. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly responses: Static<typeof Described>['responses'];
}

export interface OpenApi {
  readonly operations: readonly Operation[];
  /** Of the schemas that have a name, by it. */
  readonly schemaExamples: ReadonlyMap<string, readonly unknown[]>;
  /** What is wrong with a value by the schema at this place of the document; undefined: nothing. */
  faultOf(value: unknown, place: readonly string[]): string | undefined;
}

/** Reads a document as it came. Throws for one whose operations cannot be asked by it, and for a schema that is none. */
export function readOpenApi(document: unknown): OpenApi {
  const ajv = formats.default(new Ajv2020({ strict: false, allErrors: true }));
  const isDocument = ajv.compile<Static<typeof Document>>(Document);
  if (!isDocument(document)) throw new Error(`no OpenAPI document: ${ajv.errorsText(isDocument.errors)}`);
  ajv.addSchema(document, root);
  return {
    operations: Object.entries(document.paths).flatMap(([path, { get }]) =>
      get === undefined
        ? []
        : [{ id: get.operationId, path, parameters: get.parameters ?? [], responses: get.responses }],
    ),
    schemaExamples: new Map(
      Object.entries(document.components?.schemas ?? {}).map(([name, { examples = [] }]) => [name, examples]),
    ),
    faultOf: (value, place) => {
      const check = ajv.compile({ $ref: `${root}#${pointerOf(place)}` });
      return check(value) ? undefined : ajv.errorsText(check.errors, { dataVar: 'it' });
    },
  };
}

const root = 'https://openapi.invalid/';

/** RFC 6901, as a URI fragment. */
function pointerOf(place: readonly string[]): string {
  return place.map((step) => `/${encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');
}

/**
 * What the document itself offers as values: the example or examples, else every word of an enum, else the default. Empty where it
 * offers none.
 */
export function examplesOf({ example, examples, schema = {} }: Parameter): readonly unknown[] {
  const shown = [
    ...(example === undefined ? [] : [example]),
    ...Object.values(examples ?? {}).map(({ value }) => value),
    ...(schema.examples ?? []),
  ];
  if (shown.length > 0) return shown;
  return schema.enum ?? (schema.default === undefined ? [] : [schema.default]);
}
