import { examplesOf, type OpenApi, type Operation } from './document.ts';

/** An answer as it came. */
export interface Answer {
  readonly status: number;
  /** Without parameters, in small letters; empty where there is none. */
  readonly contentType: string;
  /** As it reads by its type: parsed JSON, or text. */
  readonly body: unknown;
}

export async function fetchAnswer(url: string): Promise<Answer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000), redirect: 'manual' });
  const text = await response.text();
  const [contentType = ''] = (response.headers.get('content-type') ?? '').toLowerCase().split(/\s*;/);
  const isJson = /[/+]json$/.test(contentType);
  return { status: response.status, contentType, body: isJson ? JSON.parse(text) : text };
}

/** In what an answer differs from what the document says of its status, type and body. */
export function faultsOf(
  api: OpenApi,
  { path, responses }: Operation,
  { status, contentType, body }: Answer,
): string[] {
  const described = responses[status];
  if (described === undefined) return [`the document has no status ${status} for it: ${JSON.stringify(body)}`];
  const { content } = described;
  if (content === undefined) return [];
  if (content[contentType] === undefined) return [`the document has no ${contentType} for status ${status}`];
  if (content[contentType].schema === undefined) return [];
  const place = ['paths', path, 'get', 'responses', String(status), 'content', contentType, 'schema'];
  const fault = api.faultOf(body, place);
  return fault === undefined ? [] : [`the body of status ${status} is not as described: ${fault}`];
}

/** Examples of the document's named schemas that these schemas refuse. */
export function wrongSchemaExamples(api: OpenApi): string[] {
  return [...api.schemaExamples].flatMap(([name, examples]) =>
    examples.flatMap((example) => {
      const fault = api.faultOf(example, ['components', 'schemas', name]);
      return fault === undefined ? [] : [`an example of ${name}: ${fault}`];
    }),
  );
}

/** Examples in the document, of parameters and of answers, that the schema beside them refuses. */
export function wrongExamples(api: OpenApi, { path, parameters, responses }: Operation): string[] {
  const ofOperation = ['paths', path, 'get'];
  const ofParameters = parameters.flatMap((parameter, at) =>
    examplesOf(parameter).flatMap((example) => {
      const fault = api.faultOf(example, [...ofOperation, 'parameters', String(at), 'schema']);
      return fault === undefined ? [] : [`the example ${JSON.stringify(example)} of ${parameter.name}: ${fault}`];
    }),
  );
  const ofAnswers = Object.entries(responses).flatMap(([status, { content = {} }]) =>
    Object.entries(content).flatMap(([type, { schema, example, examples = {} }]) => {
      const shown = [...(example === undefined ? [] : [example]), ...Object.values(examples).map(({ value }) => value)];
      const place = [...ofOperation, 'responses', status, 'content', type, 'schema'];
      const faults = schema === undefined ? [] : shown.map((value) => api.faultOf(value, place));
      return faults.flatMap((fault) => (fault === undefined ? [] : [`an example of status ${status}: ${fault}`]));
    }),
  );
  return [...ofParameters, ...ofAnswers];
}
