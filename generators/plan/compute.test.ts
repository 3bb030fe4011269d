import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyOf } from './body.ts';
import { computePlan, planProblems } from './compute.ts';
import { appFolder, deploymentFile, lockFile, objectFile, sliceFile, treeOf } from './testing/trees.ts';
import type { Tree } from './tree.ts';

const follows = (name: string, what: 'head' | 'lock') =>
  [`environments/${name}/environment.yaml`, `name: ${name}\nfollow: ${what}\n`] as const;

describe(computePlan.name, () => {
  it('says in one sentence what a new network does', () => {
    const networks = [{ id: 'base' }, { id: 'foo' }];
    const tree = (count: number) =>
      treeOf(
        lockFile('staging', { networks: networks.slice(0, count) }),
        sliceFile('api', networks.slice(0, count)),
        deploymentFile('api', { configMap: 'api' }),
      );
    const plan = computePlan(tree(1), tree(2), {
      places: new Map([['network/foo', { file: 'catalog/networks/foo.yaml', line: 2 }]]),
    });
    expect(plan.summary).toBe(
      '1 network added (network/foo): 1 object changes in 1 cluster; no pod restarts; the cost cannot be compared; no danger.',
    );
    const [cluster] = plan.environments[0]?.clusters ?? [];
    expect(cluster).toMatchObject({ cluster: 'main', added: 0, changed: 1, removed: 0, restarts: [] });
    expect(cluster?.reloads).toEqual([
      {
        environment: 'staging',
        cluster: 'main',
        identity: 'Deployment.apps/main/api',
        configMap: 'api',
        how: 'reloads',
      },
    ]);
    expect(plan.groups[0]?.changes[0]?.causes).toEqual([
      { id: 'network/foo', file: 'catalog/networks/foo.yaml', line: 2 },
    ]);
  });

  it('tells that variables from a ConfigMap are not read again', () => {
    const tree = (value: string) =>
      treeOf(objectFile('ConfigMap', 'api', { data: { A: value } }), deploymentFile('api', { variablesFrom: 'api' }));
    expect(computePlan(tree('1'), tree('2')).environments[0]?.clusters[0]?.reloads).toMatchObject([{ how: 'stale' }]);
  });

  it('predicts restarts from the pod template, and none of what is asleep, new or only scaled', () => {
    const restarts = (before: Tree, after: Tree) =>
      computePlan(before, after).environments.flatMap(({ clusters }) =>
        clusters.flatMap((cluster) => cluster.restarts),
      );
    const running = treeOf(deploymentFile('api', { replicas: 2 }));
    expect(restarts(running, treeOf(deploymentFile('api', { replicas: 2, image: 'app:2' })))).toMatchObject([
      { identity: 'Deployment.apps/main/api', how: 'certain', fields: ['spec.containers[api].image'] },
    ]);
    expect(restarts(running, treeOf(deploymentFile('api', { replicas: 3 })))).toEqual([]);
    expect(restarts(treeOf(), running)).toEqual([]);
    const asleep = (image: string) => treeOf(deploymentFile('api', { replicas: 0, image }));
    expect(restarts(asleep('app:1'), asleep('app:2'))).toEqual([]);
  });

  it('leaves the restart of a store to its operator, unless only the number of replicas differs', () => {
    const store = (spec: { instances: number; imageName: string }) =>
      treeOf(objectFile('Cluster', 'postgresql', { spec }, { apiVersion: 'postgresql.cnpg.io/v1' }));
    const before = store({ instances: 1, imageName: 'pg:16' });
    const rows = (after: Tree) => computePlan(before, after).environments[0]?.clusters[0];
    expect(rows(store({ instances: 1, imageName: 'pg:17' }))?.restarts).toMatchObject([{ how: 'operator' }]);
    const scaled = rows(store({ instances: 3, imageName: 'pg:16' }));
    expect(scaled?.restarts).toEqual([]);
    expect(scaled?.replicas).toMatchObject([{ field: 'spec.instances', before: 1, after: 3 }]);
  });

  it('groups equal changes across clusters, and says where each is', () => {
    const tree = (port: number) =>
      treeOf(
        ...['a', 'b', 'c'].map((cluster) =>
          objectFile('Service', `s-${cluster}`, { spec: { port } }, { folder: `environments/dev/${cluster}/api` }),
        ),
      );
    const { groups } = computePlan(tree(1), tree(2));
    expect(groups.map(({ body, changes }) => [body, changes.map(({ cluster }) => cluster)])).toEqual([
      [['~ spec.port: 1 → 2'], ['a', 'b', 'c']],
    ]);
  });

  it('sees an object that went to another app as one that moved', () => {
    const [before, after] = ['api', 'other'].map((app) =>
      treeOf(objectFile('Service', 's', { spec: {} }, { folder: `environments/staging/main/${app}` })),
    );
    const { groups } = computePlan(before ?? treeOf(), after ?? treeOf());
    expect(groups[0]?.changes).toMatchObject([
      { kind: 'changed', unit: 'other', movedFrom: 'environments/staging/main/api/service-s.yaml', edits: [] },
    ]);
  });

  it('tells files that differ in their comments alone from objects', () => {
    const [path, text] = objectFile('Service', 's', { spec: {} });
    const plan = computePlan(treeOf([path, text]), treeOf([path, `# Another header\n${text}`]));
    expect(plan.environments[0]?.clusters[0]).toMatchObject({ added: 0, changed: 0, removed: 0 });
    expect(plan.groups).toMatchObject([{ what: 'text', kind: 'changed' }]);
  });

  it('gives Argo CD files to their environment, and to argocd those of none', () => {
    const tree = (text: string) =>
      treeOf(
        ['argocd/projects/staging-main.yaml', project('staging-main', text)],
        ['argocd/applications/staging/main-loki.yaml', project('main-loki', text)],
        ['argocd/bootstrap.yaml', `${project('root', text)}---\n${project('other', 'same')}`],
        follows('staging', 'head'),
      );
    const plan = computePlan(tree('a'), tree('b'));
    expect(
      plan.environments.map(({ environment, clusters }) => [environment, clusters[0]?.cluster, clusters[0]?.changed]),
    ).toEqual([
      ['staging', 'argocd', 2],
      ['argocd', 'argocd', 1],
    ]);
  });

  it('leaves production to a promotion, and says what one would bring', () => {
    const tree = (count: number) =>
      treeOf(
        follows('staging', 'head'),
        follows('production', 'lock'),
        lockFile('staging', { networks: [{ id: 'a' }, { id: 'b' }].slice(0, count) }),
        lockFile('production', { networks: [{ id: 'a' }] }),
      );
    const plan = computePlan(tree(1), tree(2));
    expect(plan.environments.find(({ environment }) => environment === 'production')).toMatchObject({
      entries: [],
      clusters: [],
      promotion: { source: 'staging', entries: [{ entry: 'network/b', kind: 'added' }] },
    });
    expect(plan.summary).toMatch(/ Production is unchanged until promoted: 1 entry differs from its lock\.$/);
  });

  it('names settings and images as causes', () => {
    const tree = (image: string, follow: string) =>
      treeOf(
        ['environments/staging/environment.yaml', `name: staging\n${follow}`],
        ['environments/staging/images.lock.yaml', `images:\n  app: { tag: '${image}' }\n`],
        deploymentFile('api', { image }),
      );
    const causes = (after: Tree) =>
      computePlan(tree('app:1', ''), after).groups.flatMap(({ changes }) => changes.flatMap((change) => change.causes));
    expect(causes(tree('app:2', '')).map(({ id }) => id)).toEqual(['images/app']);
    expect(causes(treeOf(...tree('app:1', 'domain: x\n'), deploymentFile('api', { replicas: 2 })))).toEqual([
      { id: 'environment/staging', file: 'environments/staging/environment.yaml', line: 1 },
    ]);
    expect(causes(treeOf(...tree('app:1', ''), deploymentFile('api', { replicas: 2 })))).toEqual([
      { id: 'generators' },
    ]);
  });

  it('looks at one environment where one is asked for', () => {
    const tree = (value: number) =>
      treeOf(
        ...['dev', 'staging'].map((name) =>
          objectFile('Service', 's', { spec: { value } }, { folder: `environments/${name}/main/api` }),
        ),
      );
    const plan = computePlan(tree(1), tree(2), { environment: 'dev' });
    expect(plan.environments.map(({ environment }) => environment)).toEqual(['dev']);
    expect(plan.groups.flatMap(({ changes }) => changes)).toHaveLength(1);
  });

  it('is empty from a tree to itself', () => {
    fc.assert(
      fc.property(trees(), (tree) => {
        const plan = computePlan(tree, new Map(tree));
        expect(plan).toMatchObject({ groups: [], dangers: [], environments: [] });
        expect(plan.summary).toBe('Nothing changes.');
      }),
      { numRuns: 50 },
    );
  });

  it('names exactly the files that differ, and counts each object once', () => {
    fc.assert(
      fc.property(trees(), trees(), (before, after) => {
        const plan = computePlan(before, after);
        const changes = plan.groups.flatMap((group) => group.changes);
        const paths = changes.flatMap(({ path, movedFrom }) => [path, ...(movedFrom === undefined ? [] : [movedFrom])]);
        const differ = [...new Set([...before.keys(), ...after.keys()])].filter(
          (path) => before.get(path) !== after.get(path),
        );
        expect([...paths].sort()).toEqual(differ.sort());
        const counted = plan.environments.flatMap(({ clusters }) =>
          clusters.map(({ added, changed, removed }) => added + changed + removed),
        );
        expect(counted.reduce((sum, number) => sum + number, 0)).toBe(
          changes.filter(({ what }) => what === 'object').length,
        );
      }),
      { numRuns: 100 },
    );
  });

  it('loses nothing in groups: each change stands in one, with its own lines', () => {
    fc.assert(
      fc.property(trees(), trees(), (before, after) => {
        const { groups } = computePlan(before, after);
        for (const { body, changes, kind } of groups) {
          expect(changes.length).toBeGreaterThan(0);
          for (const change of changes) {
            expect(change.kind).toBe(kind);
            expect(bodyOf(change)).toEqual(body);
          }
        }
        const members = groups.flatMap(({ changes }) => changes.map(({ path, identity }) => `${path} ${identity}`));
        expect(new Set(members).size).toBe(members.length);
      }),
      { numRuns: 100 },
    );
  });
});

describe(planProblems.name, () => {
  it('is a plan of problems and nothing else', () => {
    const problem = {
      file: 'catalog/a.yaml',
      line: 1,
      col: 2,
      code: 'CAT001',
      message: 'm',
      fix: 'f',
      severity: 'error',
    } as const;
    expect(planProblems([problem])).toMatchObject({ summary: 'No plan: 1 problem in the catalog.', groups: [] });
  });
});

function project(name: string, description: string): string {
  return `apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata:\n  name: ${name}\n  namespace: argocd\nspec:\n  description: ${description}\n`;
}

/** Trees of a few objects that share names, so that they meet as added, changed, moved and removed. */
function trees(): fc.Arbitrary<Tree> {
  const file = fc
    .record({
      kind: fc.constantFrom('Service', 'ConfigMap', 'Namespace'),
      name: fc.constantFrom('a', 'b'),
      app: fc.constantFrom('api', 'web'),
      environment: fc.constantFrom('dev', 'staging'),
      value: fc.constantFrom(1, 2, 3),
    })
    .map(({ kind, name, app, environment, value }) =>
      objectFile(
        kind,
        name,
        { spec: { value } },
        { folder: appFolder.replace('staging', environment).replace('api', app) },
      ),
    );
  // An identity stands once in a cluster: the renderer refuses twins.
  return fc
    .uniqueArray(file, { maxLength: 8, selector: ([path]) => path.replace(/\/(api|web)\//, '/') })
    .map((files) => new Map(files));
}
