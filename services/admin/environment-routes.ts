import Type from 'typebox';
import { withEnvironment } from '../../catalog/environment.ts';
import { kinds } from '../../catalog/kinds.ts';
import {
  type EnvironmentsAnswer,
  EnvironmentsAnswer as EnvironmentsSchema,
  PoolsAnswer,
  PromotionAnswer,
} from '../contracts/admin-answers.ts';
import { type HttpApp, problemResponses } from '../runtime/http.ts';
import { ProblemError } from '../runtime/http-problem.ts';
import { isHeld } from './catalog-routes.ts';
import type { RouteDeps } from './deps.ts';
import { type EnvironmentState, environmentNames, findSourceOf } from './environments/environment-state.ts';
import type { EnvironmentsReading, KeptEnvironments } from './environments/kept-environments.ts';
import { poolsOf } from './pools.ts';
import { comparePromotion } from './promotion.ts';

const notThere = 'The environment is not known: its files are not there, or were never read';
const EnvironmentName = (description: string, name: string) =>
  Type.String({ enum: [...environmentNames], default: name, examples: [name], description });

/** What environments hold, what a promotion would bring, and what pools give and cost. */
export function addEnvironmentRoutes(app: HttpApp, deps: RouteDeps): void {
  const { environments, catalog, environment } = deps;

  app.get(
    '/admin/api/environments',
    {
      schema: {
        tags: ['environments'],
        operationId: 'getEnvironments',
        summary: 'Which catalog and images each environment holds',
        response: { 200: EnvironmentsSchema },
      },
    },
    async () => {
      const reading = await environments.read();
      return { origin: originOf(environments, reading), environments: reading.states.map(answerOf) };
    },
  );

  app.get(
    '/admin/api/promotion',
    {
      schema: {
        tags: ['environments'],
        operationId: 'getPromotion',
        summary: 'What a promotion would bring',
        description:
          'Told from the catalog alone: entries, what each service has to do about them, images, costs. `npm run promote` shows the plan of every object.',
        querystring: Type.Object(
          {
            from: EnvironmentName('What is promoted', 'staging'),
            to: EnvironmentName('To where', 'production'),
          },
          { additionalProperties: false },
        ),
        response: {
          200: PromotionAnswer,
          ...problemResponses({ 400: 'Both are the same, or one is not an environment', 404: notThere }),
        },
      },
    },
    async (request) => {
      const { from, to } = request.query;
      if (from === to) {
        throw new ProblemError({
          ...{ status: 400, code: 'same-environment', title: 'Both environments are the same' },
          detail: `Nothing is promoted from ${from} to itself: name another for from or to.`,
        });
      }
      const reading = await environments.read();
      const [source, target] = [stateOf(reading, from), stateOf(reading, to)];
      return { from, to, origin: originOf(environments, reading), ...comparePromotion(source, target) };
    },
  );

  app.get(
    '/admin/api/pools',
    {
      schema: {
        tags: ['pools'],
        operationId: 'getPools',
        summary: 'What each pool gives, is asked for, and costs a month',
        querystring: Type.Object(
          {
            environment: Type.Optional(
              Type.String({
                enum: ['local', ...environmentNames],
                description: 'Whose catalog and sizes; left out, those of this one. local: the catalog as it stands',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          200: PoolsAnswer,
          ...problemResponses({ 400: 'There is no such parameter or value', 404: notThere }),
        },
      },
    },
    async (request) => {
      const name = request.query.environment ?? environment.name;
      const reading = name === 'local' ? undefined : await environments.read();
      const state = reading?.states.find((one) => one.name === name);
      // Of its own environment this process knows at least its slice.
      if (state?.held !== undefined) {
        const pools = state.held.sized.pools.flatMap(
          ({ id }) => poolsOfOnce((state.ahead.get(id) ?? state.held)?.sized).find((pool) => pool.id === id) ?? [],
        );
        return { environment: name, digest: state.held.digest, whole: true, pools };
      }
      if (name !== environment.name && name !== 'local') stateOf(reading, name);
      const { digest, catalog: current } = catalog.current();
      const pools = poolsOfOnce(name === 'local' ? current : sizedOnce(current, environment));
      return { environment: name, digest, whole: kinds.every(({ key }) => isHeld(deps, key)), pools: [...pools] };
    },
  );
}

const poolsOfOnce = once(poolsOf);
const sizedOnce = once(withEnvironment);

/** Keeps what is made of a catalog for as long as that is there: it changes seldom, and is asked about every few seconds. */
function once<C extends object, Rest extends readonly unknown[], R>(make: (catalog: C, ...rest: Rest) => R) {
  const made = new WeakMap<C, R>();
  return (catalog: C | undefined, ...rest: Rest): R => {
    if (catalog === undefined) throw new TypeError('no catalog');
    const known = made.get(catalog) ?? make(catalog, ...rest);
    made.set(catalog, known);
    return known;
  };
}

function stateOf(reading: EnvironmentsReading | undefined, name: string): EnvironmentState {
  const state = reading?.states.find((one) => one.name === name);
  if (state !== undefined) return state;
  const why =
    reading?.error === undefined ? 'its files are not there' : `its files could not be read: ${reading.error}`;
  throw new ProblemError({
    ...{ status: 404, code: 'unknown-environment', title: 'The environment is not known' },
    detail: `Of ${name} nothing is known: ${why}.`,
  });
}

function originOf({ place }: KeptEnvironments, reading: EnvironmentsReading) {
  const [readAt, error] = [reading.readAt ?? null, reading.error ?? null];
  const repository = place.kind === 'repository' ? place : { url: null, ref: null };
  return {
    ...{ kind: place.kind === 'folder' ? ('folder' as const) : ('repository' as const) },
    ...{ place: repository.url, ref: repository.ref, readAt, stale: error !== null, error },
  };
}

function answerOf(state: EnvironmentState): EnvironmentsAnswer['environments'][number] {
  const { name, settings, held, ahead, images, kept, problems } = state;
  return {
    ...{ name, kept, follow: settings?.follow ?? null, domain: settings?.domain ?? null },
    phases: [...(settings?.phases ?? [])],
    source: findSourceOf(name) ?? null,
    catalog:
      held === undefined
        ? null
        : { digest: held.digest, entries: kinds.reduce((sum, { key }) => sum + held.locked[key].length, 0) },
    ahead: [...ahead].map(([pool, { digest }]) => ({ pool, digest })),
    images: images.map((image) => ({ ...image })),
    problems: [...problems],
  };
}
