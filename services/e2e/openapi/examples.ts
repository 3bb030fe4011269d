import { type Answer, faultsOf, fetchAnswer, wrongExamples, wrongSchemaExamples } from './conformance.ts';
import { examplesOf, type Link, type OpenApi, type Operation, type Parameter } from './document.ts';

/** Values of an operation's parameters, by `query.limit` and the like. */
type Values = ReadonlyMap<string, unknown>;

/** A request that was made, and what it gave. */
interface Run {
  readonly values: Values;
  readonly answer: Answer;
}

export interface ExampleReport {
  /** How many requests were made. */
  readonly requests: number;
  /** `GET /things/{id}: what is wrong`, for all that is. */
  readonly faults: readonly string[];
  /** Values of successful requests, by `path.network` and the like. */
  readonly values: ReadonlyMap<string, readonly unknown[]>;
  /** Optional parameters that only links fill, where no answer had a value for them: a list that has one page. */
  readonly untried: readonly string[];
}

/**
 * Asks every operation of a document by what the document itself offers, and holds every answer against it:
 *
 * - once with the required parameters alone;
 * - once for each example of each optional one: beside the required ones, or where the API wants it so, behind the first examples of the
 *   optional ones before it;
 * - values that no document can know, such as a cursor or a hash, are taken from answers, as the document's links say.
 *
 * An operation or a parameter that this way has no request which succeeds is a fault.
 */
export async function runExamples(url: string, api: OpenApi): Promise<ExampleReport> {
  const runs = new Map<string, Run[]>();
  const faults = wrongSchemaExamples(api);
  const untried: string[] = [];
  let requests = 0;

  async function ask(operation: Operation, values: Values): Promise<Run> {
    requests += 1;
    const path = pathOf(operation, values);
    const answer = await fetchAnswer(`${url}${path}`);
    for (const fault of faultsOf(api, operation, answer)) faults.push(`GET ${path}: ${fault}`);
    const run = { values, answer };
    if (isWell(operation, answer)) runs.set(operation.id, [...(runs.get(operation.id) ?? []), run]);
    return run;
  }

  async function tryRequired(operation: Operation): Promise<Values | undefined> {
    const values = requiredValuesOf(operation, linkedValues(api, runs, operation));
    if (!(values instanceof Map))
      return void faults.push(`${nameOf(operation)}: no example of ${values}, and no link to it`);
    const { answer } = await ask(operation, values);
    if (isWell(operation, answer)) return values;
    faults.push(`GET ${pathOf(operation, values)}: the examples give ${answer.status} ${JSON.stringify(answer.body)}`);
    return undefined;
  }

  async function tryOptional(operation: Operation, required: Values): Promise<void> {
    const before = new Map(required);
    for (const parameter of operation.parameters.filter((each) => each.required !== true)) {
      const key = keyOf(parameter);
      const examples = examplesOf(parameter);
      const linked = linkedValues(api, runs, operation).find((values) => values.has(key));
      if (examples.length === 0 && linked === undefined) {
        const isLinked = linksTo(api, operation).some(({ link }) => keysOf(link).has(key));
        if (isLinked) untried.push(`${nameOf(operation)}: ${key}`);
        else faults.push(`${nameOf(operation)}: no example of ${key}, and no link to it`);
        continue;
      }
      const wanted =
        examples.length === 0
          ? [new Map([...required, ...(linked ?? [])])]
          : examples.map((each) => new Map([...required, [key, each]]));
      for (const values of wanted) {
        const alone = await ask(operation, values);
        if (isWell(operation, alone.answer)) continue;
        const { answer } = await ask(operation, new Map([...before, ...values]));
        if (!isWell(operation, answer))
          faults.push(`GET ${pathOf(operation, values)}: the example gives ${answer.status}`);
      }
      if (examples.length > 0) before.set(key, examples[0]);
    }
  }

  for (const operation of api.operations) {
    for (const fault of wrongExamples(api, operation)) faults.push(`${nameOf(operation)}: ${fault}`);
  }
  // Those whose values come from the answers of others are asked after them.
  const isLater = (operation: Operation): boolean =>
    operation.parameters.some((each) => each.required === true && examplesOf(each).length === 0);
  for (const operation of api.operations.toSorted((a, b) => Number(isLater(a)) - Number(isLater(b)))) {
    const required = await tryRequired(operation);
    if (required !== undefined) await tryOptional(operation, required);
  }
  return { requests, faults, untried, values: valuesOf([...runs.values()].flat()) };
}

function valuesOf(runs: readonly Run[]): ExampleReport['values'] {
  const found = new Map<string, Set<unknown>>();
  for (const [key, value] of runs.flatMap(({ values }) => [...values])) {
    const known = found.get(key) ?? new Set();
    found.set(key, known.add(value));
  }
  return new Map([...found].map(([key, values]) => [key, [...values]]));
}

/** What an operation is asked for: a success, where the document has one at all. */
function isWell({ responses }: Operation, { status }: Answer): boolean {
  const hasSuccess = Object.keys(responses).some((each) => each.startsWith('2'));
  return hasSuccess ? status >= 200 && status < 300 : responses[status] !== undefined && status < 500;
}

/** The examples of all required parameters; the name of one that has none. */
function requiredValuesOf({ parameters }: Operation, linked: readonly Values[]): Values | string {
  const required = parameters.filter((each) => each.required === true);
  const keys = required.map(keyOf);
  const own = new Map(
    required.flatMap((each) =>
      examplesOf(each)
        .slice(0, 1)
        .map((value) => [keyOf(each), value]),
    ),
  );
  const whole = linked
    .map((values) => new Map([...own, ...values]))
    .find((values) => keys.every((key) => values.has(key)));
  const [missing] = keys.filter((key) => !own.has(key));
  if (missing === undefined) return own;
  return whole === undefined ? missing : new Map([...whole].filter(([key]) => keys.includes(key)));
}

/** What links of answers that came say of this operation's parameters. What a request did not have, the next one does not either. */
function linkedValues(api: OpenApi, runs: ReadonlyMap<string, readonly Run[]>, operation: Operation): Values[] {
  return linksTo(api, operation).flatMap(({ from, link }) =>
    (runs.get(from.id) ?? []).flatMap((run) => {
      const found = Object.entries(link.parameters).map(([key, expression]) => ({
        key,
        value: resolve(expression, run),
        isMissing: (resolve(expression, run) ?? null) === null && expression.startsWith('$response.'),
      }));
      if (found.some(({ isMissing }) => isMissing)) return [];
      return [new Map(found.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value] as const])))];
    }),
  );
}

function linksTo({ operations }: OpenApi, { id }: Operation): { from: Operation; link: Link }[] {
  return operations.flatMap((from) =>
    Object.values(from.responses)
      .flatMap(({ links = {} }) => Object.values(links))
      .filter(({ operationId }) => operationId === id)
      .map((link) => ({ from, link })),
  );
}

function keysOf({ parameters }: Link): Set<string> {
  return new Set(Object.keys(parameters));
}

/** A runtime expression of OpenAPI, as far as links here need it: `$request.path.id`, `$response.body#/rows/0/id`. */
function resolve(expression: string, { values, answer }: Run): unknown {
  const [, key] = /^\$request\.((?:path|query)\..+)$/.exec(expression) ?? [];
  if (key !== undefined) return values.get(key);
  const [, pointer] = /^\$response\.body#\/(.+)$/.exec(expression) ?? [];
  if (pointer === undefined) throw new Error(`a link holds ${expression}, which is not understood here`);
  return pointer
    .split('/')
    .reduce((at: unknown, step) => (at instanceof Object ? Reflect.get(at, step) : undefined), answer.body);
}

function keyOf(parameter: Parameter): string {
  return `${parameter.in}.${parameter.name}`;
}

function nameOf({ path }: Operation): string {
  return `GET ${path}`;
}

function pathOf({ path }: Operation, values: Values): string {
  const filled = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) =>
    encodeURIComponent(String(values.get(`path.${name}`))),
  );
  const query = new URLSearchParams();
  for (const [key, value] of values) if (key.startsWith('query.')) query.set(key.slice('query.'.length), String(value));
  return query.size === 0 ? filled : `${filled}?${query}`;
}
