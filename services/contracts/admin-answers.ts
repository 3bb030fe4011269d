import Type, { type Static } from 'typebox';
import { Currency, StoreKind } from '../../catalog/schema/common.ts';
import { Count, closed, Nullable, OneOf, shared, Text } from './schema.ts';

// What the admin service answers with under /admin/api. The descriptions are the documentation.

const Time = (description: string) => Type.Integer({ description: `${description}; Unix milliseconds` });
const Digest = (description: string) => Type.String({ pattern: '^sha256:[0-9a-f]{64}$', description });
/** As OneOf, or null. */
function NullableOneOf<const Word extends string>(words: readonly Word[], description: string) {
  return Type.Unsafe<Word | null>({ type: ['string', 'null'], enum: [...words, null], description });
}
/** Any JSON: what the catalog holds. */
const Json = (description: string) => Type.Unknown({ description });
const Refused = Type.Array(Type.String(), {
  description: 'Why the files on disk are not the catalog in force, one line a problem; empty while they are',
});

const CatalogInForce = Type.Object(
  { digest: Digest('Of the catalog in force'), since: Time('When it came into force'), refused: Refused },
  { ...closed, $id: 'CatalogInForce', description: 'The catalog that a process works by' },
);

const ModuleState = Type.Object(
  {
    name: Text('Of the module: relational, catalog, chain-sync, …'),
    ok: Type.Boolean(),
    detail: Nullable(Text('For people: why it is not well, or what it is doing')),
  },
  { ...closed, $id: 'ModuleState', description: 'How one part of a process is' },
);

export const logProblemLevels = ['warn', 'error', 'fatal'] as const;

const RecentError = Type.Object(
  {
    level: OneOf(logProblemLevels),
    message: Text('Constant for one kind of event'),
    fields: Type.Record(Type.String(), Json('A value'), {
      description: 'What the newest of them said, secrets hidden and long values cut',
    }),
    count: Type.Integer({ minimum: 1, description: 'How many of this level and message there were' }),
    firstAt: Time('The first of them'),
    lastAt: Time('The newest of them'),
  },
  { ...closed, $id: 'RecentError', description: 'Warnings and errors of one kind in the log of a process' },
);
export type RecentError = Static<typeof RecentError>;

/** GET /status of the ops port of every process. */
export const StatusAnswer = Type.Object(
  {
    service: Nullable(Text('Whose slice of the catalog it runs by; null where it reads the whole catalog')),
    shard: Nullable(Text('Which part of the service’s work it does; null where that is not split')),
    targets: Type.Array(Type.String(), { description: 'Services that it runs' }),
    version: Text('Of the program'),
    environment: Text('local, dev, staging or production'),
    startedAt: Time('When the process began'),
    catalog: Type.Union([shared('CatalogInForce', CatalogInForce), Type.Null()], {
      description: 'null while it is starting',
    }),
    modules: Type.Union([Type.Array(shared('ModuleState', ModuleState)), Type.Null()], {
      description: 'By name; null while it is starting',
    }),
    recentErrors: Type.Array(shared('RecentError', RecentError), { description: 'The newest first, at most 50 kinds' }),
  },
  { ...closed, $id: 'Status', description: 'What a process says of itself' },
);
export type StatusAnswer = Static<typeof StatusAnswer>;

export const upstreamNames = ['analytics', 'market'] as const;
export type UpstreamName = (typeof upstreamNames)[number];

/** Closing codes of a WebSocket that is passed on: 4000 to 4999 are the application's own (RFC 6455, 7.4.2). */
export const upstreamCloseCodes = {
  /** The API could not be reached. */
  away: 4503,
  /** It was, and its connection broke. */
  lost: 4502,
} as const;

/** GET /admin/api/environment */
export const EnvironmentAnswer = Type.Object(
  {
    environment: Text('local, dev, staging or production'),
    version: Text('Of the program'),
    startedAt: Time('When this process began'),
    catalog: shared('CatalogInForce', CatalogInForce),
    upstreams: Type.Array(
      Type.Object(
        {
          name: OneOf(upstreamNames),
          path: Text('Below this it is passed on, its WebSocket at `/ws` too'),
          configured: Type.Boolean({ description: 'false: its address is not set, every request is answered by 503' }),
        },
        closed,
      ),
      { description: 'The APIs whose reads are passed on' },
    ),
    links: Type.Object(
      {
        docs: Text('Documentation of this API'),
        analyticsDocs: Nullable(Text('Documentation of the analytics API; null where it is not known')),
        marketDocs: Nullable(Text('Documentation of the market API; null where it is not known')),
        grafana: Nullable(Text('Dashboards; null where there are none')),
      },
      { ...closed, description: 'Where a browser finds more' },
    ),
  },
  closed,
);
export type EnvironmentAnswer = Static<typeof EnvironmentAnswer>;

/** GET /admin/api/catalog */
export const CatalogAnswer = Type.Object(
  {
    digest: Digest('Of the catalog in force in this process'),
    since: Time('When it came into force'),
    refused: Refused,
    whole: Type.Boolean({
      description: "false: this process is given a part of the catalog; the rest is from its environment's lock",
    }),
    kinds: Type.Array(
      Type.Object(
        {
          kind: Text('Of one entry: network, pair, …; ask for its entries by it'),
          key: Text('Of all of them: networks, pairs, …'),
          entries: Count('How many there are'),
          held: Type.Boolean({
            description: "false: neither this process nor the environment's lock tells, so 0 says nothing",
          }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type CatalogAnswer = Static<typeof CatalogAnswer>;

/** GET /admin/api/catalog/:kind */
export const CatalogKindAnswer = Type.Object(
  {
    kind: Text('As asked for, in the singular'),
    key: Text('In the plural'),
    digest: Digest("Of the catalog in force; of a kind that this process is not given, of its environment's lock"),
    held: Type.Boolean({ description: "false: neither this process nor the environment's lock tells" }),
    total: Count('How many entries there are'),
    entries: Type.Array(
      Type.Object(
        {
          id: Text('What tells it from the others of its kind'),
          own: Type.Boolean({ description: 'true: of this environment alone, not of the catalog' }),
          entry: Type.Record(Type.String(), Json('A value'), { description: 'As the catalog has it' }),
        },
        closed,
      ),
      { description: 'By id' },
    ),
  },
  closed,
);
export type CatalogKindAnswer = Static<typeof CatalogKindAnswer>;

const Origin = Type.Object(
  {
    kind: OneOf(['folder', 'repository'], { description: "folder: the project's own, on this machine" }),
    place: Nullable(Text('Address of the repository')),
    ref: Nullable(Text('Branch of the repository')),
    readAt: Nullable(Time('When it was last read whole; null if it never was')),
    stale: Type.Boolean({ description: 'true: it could not be read since, what is shown is the last good reading' }),
    error: Nullable(Text('Why it could not be read the last time')),
  },
  { ...closed, $id: 'Origin', description: 'Where what environments hold is read from' },
);

const Image = Type.Object(
  {
    name: Text('Of the image in images.lock.yaml'),
    pool: Nullable(Text('The pool that was promoted ahead with it; null for the whole environment')),
    repository: Text('Registry and path'),
    tag: Text('Its version'),
    digest: Nullable(Digest('What is pulled; null before CI has released it')),
  },
  { ...closed, $id: 'Image' },
);

/** GET /admin/api/environments */
export const EnvironmentsAnswer = Type.Object(
  {
    origin: shared('Origin', Origin),
    environments: Type.Array(
      Type.Object(
        {
          name: Text('dev, staging, production'),
          follow: NullableOneOf(['head', 'lock'], 'head: every change of main · lock: promotions'),
          domain: Nullable(Text('Where it answers')),
          phases: Type.Array(Type.Integer(), { description: 'Phases of the roll-out that are on' }),
          source: Nullable(Text('The environment that it is promoted from; null if from none')),
          catalog: Type.Union(
            [Type.Object({ digest: Digest('Of its lock'), entries: Count('Of all kinds') }, closed), Type.Null()],
            { description: 'null when its lock cannot be read, see `problems`' },
          ),
          ahead: Type.Array(Type.Object({ pool: Text('Its id'), digest: Digest("Of the pool's own lock") }, closed), {
            description: 'Pools that were promoted ahead of the others',
          }),
          kept: Type.Boolean({ description: 'true: its objects are kept as a rollback left them' }),
          images: Type.Array(shared('Image', Image)),
          problems: Type.Array(Type.String(), { description: 'What of it could not be read, and why' }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type EnvironmentsAnswer = Static<typeof EnvironmentsAnswer>;

export const serviceEffects = ['none', 'reload', 'restart', 'start', 'stop'] as const;

const MonthlyCost = Type.Object(
  {
    known: Type.Object(
      { USD: Type.Optional(Type.Number()), EUR: Type.Optional(Type.Number()) },
      {
        ...closed,
        description: 'List prices of what has one, by currency: a lower bound as long as `unpriced` is not empty',
      },
    ),
    unpriced: Type.Array(Type.String(), { description: 'What has no known price' }),
    planned: Type.Number({ description: "The brief's prices, in US dollars" }),
  },
  { ...closed, $id: 'MonthlyCost', description: 'What a pool costs a month' },
);

const EntryId = Type.Object(
  { kind: Text('network, pair, …'), id: Text('Of the entry') },
  { ...closed, $id: 'EntryId' },
);

/** GET /admin/api/promotion?from=staging&to=production */
export const PromotionAnswer = Type.Object(
  {
    from: Text('The environment that is promoted'),
    to: Text('The one that it is promoted to'),
    origin: shared('Origin', Origin),
    possible: Type.Boolean({ description: 'false: `npm run promote` would refuse it, see `reason`' }),
    reason: Nullable(Text('Why it is not possible')),
    nothingToDo: Type.Boolean({ description: 'Catalog and images are the same already' }),
    command: Text('What carries it out; it shows the plan of every object first'),
    catalog: Type.Object(
      { before: Nullable(Digest('Held by `to`')), after: Nullable(Digest('Held by `from`')) },
      closed,
    ),
    entries: Type.Object(
      {
        added: Type.Array(shared('EntryId', EntryId)),
        changed: Type.Array(
          Type.Object(
            {
              kind: Text('network, pair, …'),
              id: Text('Of the entry'),
              fields: Type.Array(
                Type.Object(
                  {
                    path: Text('`rpc[https://…].requestsPerSecond`: items of a list by their key, or by number'),
                    before: Json('null: it is not there'),
                    after: Json('null: it goes'),
                  },
                  closed,
                ),
              ),
            },
            closed,
          ),
        ),
        removed: Type.Array(shared('EntryId', EntryId)),
      },
      { ...closed, description: 'Of the catalog, by kind and id' },
    ),
    images: Type.Array(
      Type.Object(
        {
          name: Text('Of the image'),
          before: Nullable(Text('repository:tag@digest held by `to`')),
          after: Nullable(Text('repository:tag@digest held by `from`')),
        },
        closed,
      ),
      { description: 'Those that change' },
    ),
    services: Type.Array(
      Type.Object(
        {
          id: Text('Of the service'),
          shard: Nullable(Text('Which part of its work; null where that is not split')),
          pool: Text('Where it runs'),
          effect: OneOf(serviceEffects, {
            description:
              'none · reload: it reads its slice again, without a restart · restart: its pods are replaced · start: it was not there, or not released · stop: it goes',
          }),
          why: Type.Array(Type.String(), { description: 'What of it changes: image, slice, entry' }),
          before: Nullable(Digest('Of its slice of the catalog')),
          after: Nullable(Digest('Of its slice of the catalog')),
        },
        closed,
      ),
      { description: 'All services, by id' },
    ),
    costs: Type.Array(
      Type.Object(
        {
          pool: Text('Its id'),
          before: Type.Union([shared('MonthlyCost', MonthlyCost), Type.Null()]),
          after: Type.Union([shared('MonthlyCost', MonthlyCost), Type.Null()]),
        },
        closed,
      ),
      { description: 'Of each pool at rest, at the sizes of `to`, by its id' },
    ),
    notes: Type.Array(Type.String(), { description: 'What the reader has to know besides' }),
  },
  closed,
);
export type PromotionAnswer = Static<typeof PromotionAnswer>;

const Amounts = Type.Object(
  {
    cpuMillis: Type.Number({ description: 'Thousandths of a CPU' }),
    memoryMiB: Type.Number({ description: 'MiB of memory' }),
    diskGB: Type.Number({ description: 'GB of disk' }),
  },
  { ...closed, $id: 'Amounts' },
);
const amounts = { cpuMillis: true, memoryMiB: true, diskGB: true };
export const amountNames = Object.keys(amounts) as (keyof typeof amounts)[];

const Balance = Type.Object(
  {
    given: shared('Amounts', Amounts),
    asked: shared('Amounts', Amounts),
    share: Type.Object(
      Object.fromEntries(
        amountNames.map((name) => [
          name,
          Nullable(Type.Number({ description: 'asked / given; null if none is given' })),
        ]),
      ) as Record<(typeof amountNames)[number], ReturnType<typeof Nullable<ReturnType<typeof Type.Number>>>>,
      closed,
    ),
    full: Type.Array(OneOf(amountNames), {
      description: 'Of what nine tenths or more are asked for, or anything where none is given',
    }),
    by: Type.Array(
      Type.Object(
        { what: Text('`2 × analytics-api`'), ...Amounts.properties },
        { ...closed, description: 'Who asks for how much' },
      ),
      { description: 'The largest in memory first' },
    ),
  },
  { ...closed, $id: 'Balance', description: 'What is asked of machines, and what they give, in one region' },
);

const PoolAnswer = Type.Object(
  {
    id: Text('Of the pool'),
    name: Text('For people'),
    purpose: Text('For what'),
    owner: Text('Who is asked'),
    provider: Text('Whose machines'),
    regions: Type.Array(Type.String()),
    kubernetesVersion: Nullable(Text('Of its clusters')),
    machines: Type.Array(
      Type.Object(
        {
          nodeGroup: Text('Its id'),
          kind: OneOf(['kubernetes', 'control-plane', 'vm']),
          machine: Nullable(Text("A type of the provider's; null while it is not decided")),
          min: Count('At rest, in each region'),
          max: Count('At full scale, in each region'),
          vcpu: Nullable(Type.Number({ description: 'Of one; null if the machine is not known' })),
          memoryGiB: Nullable(Type.Number({ description: 'Of one' })),
          diskGB: Nullable(Type.Number({ description: 'Of one, its volume included' })),
        },
        closed,
      ),
    ),
    capacity: Type.Array(
      Type.Object(
        {
          what: Text('`cluster`: its node groups together; else one group of virtual machines'),
          nodeGroups: Type.Array(Type.String()),
          rest: shared('Balance', Balance),
          full: shared('Balance', Balance),
        },
        closed,
      ),
      { description: 'At rest: fewest replicas on fewest nodes; full: most replicas on most nodes' },
    ),
    stores: Type.Array(
      Type.Object(
        {
          kind: OneOf(StoreKind.enum),
          engine: Text('What it is'),
          managed: Type.Boolean({ description: "true: rented; false: on the pool's own nodes" }),
          replicas: Count('How many'),
        },
        closed,
      ),
    ),
    cost: Type.Object(
      {
        rest: shared('MonthlyCost', MonthlyCost),
        full: shared('MonthlyCost', MonthlyCost),
        budget: Type.Union(
          [Type.Object({ monthly: Type.Number(), currency: OneOf(Currency.enum) }, closed), Type.Null()],
          {
            description: 'Most that it may cost at rest',
          },
        ),
        share: Nullable(
          Type.Number({ description: 'Known cost at rest, in the currency of the budget, / budget; null without one' }),
        ),
      },
      closed,
    ),
    services: Type.Array(
      Type.Object(
        {
          id: Text('Of the service'),
          name: Text('For people'),
          released: Type.Boolean({ description: 'false: its program is not in the image yet' }),
          min: Count('Replicas at rest, of all shards'),
          max: Count('Replicas at full scale, of all shards'),
          cpuMillis: Type.Number({ description: 'That one replica asks for' }),
          memoryMiB: Type.Number({ description: 'That one replica asks for' }),
        },
        closed,
      ),
      { description: 'By id' },
    ),
  },
  { ...closed, $id: 'Pool' },
);

/** GET /admin/api/pools?environment=production */
export const PoolsAnswer = Type.Object(
  {
    environment: Text('At whose sizes: local takes the catalog as it stands'),
    digest: Digest('The catalog that it is computed from'),
    whole: Type.Boolean({
      description: 'false: parts of the catalog were missing, capacity asked for is a lower bound',
    }),
    pools: Type.Array(shared('Pool', PoolAnswer), { description: 'By id' }),
  },
  closed,
);
export type PoolsAnswer = Static<typeof PoolsAnswer>;

/** GET /admin/api/processes */
export const ProcessesAnswer = Type.Object(
  {
    asOf: Time('When they were asked'),
    processes: Type.Array(
      Type.Object(
        {
          address: Text('Where it was asked'),
          self: Type.Boolean({ description: 'The process that answers this' }),
          reachable: Type.Boolean(),
          error: Nullable(Text('Why it gave no answer')),
          status: Type.Union([shared('Status', StatusAnswer), Type.Null()], { description: 'null if it gave none' }),
          expectedDigest: Nullable(
            Digest(
              "Of the catalog that its environment gives it: its service's slice, or the whole; null if not known",
            ),
          ),
          asExpected: Type.Unsafe<boolean | null>({
            type: ['boolean', 'null'],
            description: 'Whether it works by that; null if one of the two is not known',
          }),
        },
        closed,
      ),
      { description: 'By address' },
    ),
    problems: Type.Array(Type.String(), { description: 'Names that lead to no process, and why' }),
  },
  closed,
);
export type ProcessesAnswer = Static<typeof ProcessesAnswer>;

/** What the schemas above refer to by name. */
export const sharedAnswers = [
  CatalogInForce,
  ModuleState,
  RecentError,
  StatusAnswer,
  Origin,
  Image,
  MonthlyCost,
  EntryId,
  Amounts,
  Balance,
  PoolAnswer,
];
