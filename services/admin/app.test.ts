import { Validator } from '@cfworker/json-schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CatalogAnswer,
  CatalogKindAnswer,
  EnvironmentAnswer,
  EnvironmentsAnswer,
  PoolsAnswer,
  ProcessesAnswer,
  PromotionAnswer,
  sharedAnswers,
} from '../contracts/admin-answers.ts';
import type { HttpApp } from '../runtime/http.ts';
import {
  catalog,
  digest,
  environmentFiles,
  liveCatalogOf,
  localEnvironment,
  openApp,
  statusOf,
} from './admin-fixture.ts';
import { createAdminApp } from './app.ts';
import { slicesOf } from './slices.ts';

describe(createAdminApp.name, () => {
  let app: HttpApp;
  const [first] = catalog.networks;
  const changed = {
    ...catalog,
    networks: catalog.networks.map((one) => (one === first ? { ...one, name: 'New' } : one)),
  };
  const files: Record<string, string | undefined> = {
    ...environmentFiles('staging', changed),
    ...environmentFiles('production', catalog),
  };
  beforeAll(async () => {
    app = await openApp({
      readFile: async (path) => files[path],
      upstreams: { analytics: 'http://127.0.0.1:8000' },
      grafanaUrl: 'https://grafana.highfunk.uk',
    });
  });
  afterAll(() => app.close());

  it.each([
    ['/admin/api/environment', EnvironmentAnswer],
    ['/admin/api/catalog', CatalogAnswer],
    ['/admin/api/catalog/network', CatalogKindAnswer],
    ['/admin/api/catalog/component', CatalogKindAnswer],
    ['/admin/api/environments', EnvironmentsAnswer],
    ['/admin/api/promotion', PromotionAnswer],
    ['/admin/api/pools', PoolsAnswer],
    ['/admin/api/pools?environment=production', PoolsAnswer],
    ['/admin/api/processes', ProcessesAnswer],
  ])('answers %s as its schema says, checked as a page checks it', async (url, schema) => {
    const { statusCode, headers, body } = await app.inject(url);

    expect([statusCode, headers['content-type']], body.slice(0, 500)).toEqual([200, 'application/json; charset=utf-8']);
    const validator = new Validator(schema as object, '2020-12');
    for (const each of sharedAnswers) validator.addSchema(each as object, `${Reflect.get(each, '$id')}#`);
    expect(validator.validate(JSON.parse(body)).errors).toEqual([]);
  });

  it('says where it is, and where more is', async () => {
    expect((await app.inject('/admin/api/environment')).json()).toMatchObject({
      environment: 'local',
      version: '1.2.3',
      catalog: { digest, since: 2_000, refused: [] },
      upstreams: [
        { name: 'analytics', path: '/admin/api/analytics', configured: true },
        { name: 'market', configured: false },
      ],
      links: { analyticsDocs: 'http://127.0.0.1:8000/docs', marketDocs: null, grafana: 'https://grafana.highfunk.uk' },
    });
  });

  it('shows every entry of a kind as the catalog has it, and which are of this environment alone', async () => {
    const kinds: { kind: string; entries: number }[] = (await app.inject('/admin/api/catalog')).json().kinds;
    expect(kinds.find(({ kind }) => kind === 'pair')?.entries).toBe(catalog.pairs.length);

    const pairs: CatalogKindAnswer = (await app.inject('/admin/api/catalog/pairs')).json();
    expect(pairs.entries.map(({ entry }) => entry)).toEqual(catalog.pairs);
    const own = localEnvironment.protocols?.[0];
    expect(own).toBeDefined();
    const missing = await app.inject('/admin/api/catalog/netwrok');
    expect(missing.json()).toMatchObject({ status: 404, detail: expect.stringContaining('network') });
  });

  it('compares what two environments hold', async () => {
    const answer: PromotionAnswer = (await app.inject('/admin/api/promotion?from=staging&to=production')).json();

    expect(answer.entries).toEqual({
      added: [],
      changed: [{ kind: 'network', id: first?.id, fields: [{ path: 'name', before: first?.name, after: 'New' }] }],
      removed: [],
    });
    expect(answer).toMatchObject({
      possible: true,
      nothingToDo: false,
      command: 'npm run promote -- staging production',
    });
    expect((await app.inject('/admin/api/promotion?from=staging&to=staging')).statusCode).toBe(400);
    expect((await app.inject('/admin/api/promotion?from=dev&to=production')).json()).toMatchObject({ status: 404 });
    expect((await app.inject('/admin/api/promotion?form=dev')).statusCode).toBe(400);
  });

  it('knows of a process whether it works by the catalog that it should', async () => {
    const { processes }: ProcessesAnswer = (await app.inject('/admin/api/processes')).json();
    expect(processes).toMatchObject([{ self: true, reachable: true, expectedDigest: digest, asExpected: true }]);

    const old = await openApp({
      ownStatus: async () => statusOf({ catalog: { digest: `sha256:${'0'.repeat(64)}`, since: 1, refused: ['x'] } }),
    });
    expect((await old.inject('/admin/api/processes')).json().processes).toMatchObject([{ asExpected: false }]);
    await old.close();
  });

  it('shows in a cluster what its slice leaves out from the lock, and what the slices of others should be', async () => {
    const staging = { ...localEnvironment, name: 'staging' as const, domain: 'staging.highfunk.uk' };
    const [sync] = slicesOf(changed).filter(({ service }) => service.id === 'chain-sync');
    const given = { ...catalog, topics: [], components: [] };
    const own = await openApp({
      ...{ environment: staging, catalog: liveCatalogOf(given), readFile: async (path) => files[path] },
      heldKinds: () => ['networks', 'pairs', 'pools', 'services', 'machines'],
      upstreams: { analytics: 'http://analytics-api.analytics.svc:8000', market: 'https://market.staging.highfunk.uk' },
      ownStatus: async () =>
        statusOf({
          environment: 'staging',
          service: 'chain-sync',
          shard: sync?.shard ?? null,
          targets: ['chain-sync'],
        }),
    });

    const topics: CatalogKindAnswer = (await own.inject('/admin/api/catalog/topic')).json();
    expect([topics.held, topics.total]).toEqual([true, catalog.topics.length]);
    expect((await own.inject('/admin/api/catalog')).json()).toMatchObject({ whole: false });
    expect((await own.inject('/admin/api/pools')).json()).toMatchObject({ environment: 'staging', whole: true });
    const { processes }: ProcessesAnswer = (await own.inject('/admin/api/processes')).json();
    expect(processes).toMatchObject([{ expectedDigest: sync?.digest, asExpected: false }]);
    expect((await own.inject('/admin/api/environment')).json().links).toMatchObject({
      analyticsDocs: '/docs',
      marketDocs: 'https://market.staging.highfunk.uk/docs',
    });
    await own.close();

    const bare = await openApp({ environment: staging, heldKinds: () => ['networks'] });
    expect((await bare.inject('/admin/api/catalog/topic')).json()).toMatchObject({ held: false, total: 0 });
    expect((await bare.inject('/admin/api/pools')).json()).toMatchObject({ whole: false });
    await bare.close();
  });

  it('describes itself below its own prefix, every answer by name', async () => {
    const document = (await app.inject('/admin/api/openapi.json')).json();
    expect(Object.keys(document.paths)).toEqual([
      '/admin/api/environment',
      '/admin/api/catalog',
      '/admin/api/catalog/{kind}',
      '/admin/api/environments',
      '/admin/api/promotion',
      '/admin/api/pools',
      '/admin/api/processes',
    ]);
    expect((await app.inject('/admin/api/docs/')).statusCode).toBe(200);
    expect((await app.inject('/docs')).statusCode).toBe(404);
  });
});
