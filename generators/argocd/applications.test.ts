import { describe, expect, it } from 'vitest';
import { installsOf } from '../platform/installs.ts';
import { inputsOf } from '../testing/project.ts';
import { createStrictValidator, whyUnavailable } from '../testing/strict-schemas.ts';
import { chartRepositoryOf, renderChartApplication } from './applications.ts';
import { renderPlatformProject } from './projects.ts';

const unavailable = whyUnavailable();
const installs = installsOf(inputsOf('production'));

describe(renderChartApplication.name, () => {
  it('names one exact version, and the project of its pool', () => {
    const kong = installs.find(({ cluster, component }) => cluster === 'defimon-market' && component.id === 'kong');
    if (kong === undefined) throw new Error('the market has no gateway');
    expect(renderChartApplication(kong)).toMatchObject({
      metadata: { name: 'production-defimon-market-kong' },
      spec: {
        project: 'production-market-platform',
        source: { repoURL: kong.component.repo, chart: 'kong', targetRevision: kong.component.version },
        destination: { name: 'production-defimon-market', namespace: 'gateway' },
      },
    });
  });

  it('comes after what it cannot start without', () => {
    const waveOf = (id: string) => {
      const found = installs.find(({ component }) => component.id === id);
      const annotations = found === undefined ? {} : renderChartApplication(found).metadata.annotations;
      return Number(annotations?.['argocd.argoproj.io/sync-wave']);
    };
    for (const id of ['kong', 'kube-prometheus-stack', 'cloudnative-pg']) {
      expect(waveOf('cert-manager')).toBeLessThan(waveOf(id));
    }
  });

  it.skipIf(unavailable !== undefined)(`fits its strict schema (${unavailable ?? 'strict'})`, () => {
    const validate = createStrictValidator();
    expect(installs.flatMap((install) => validate(renderChartApplication(install)))).toEqual([]);
  });
});

describe(chartRepositoryOf.name, () => {
  it('leaves out the scheme of a registry, and nothing of a web address', () => {
    expect(chartRepositoryOf('oci://ghcr.io/example/charts')).toBe('ghcr.io/example/charts');
    expect(chartRepositoryOf('https://example.com/charts')).toBe('https://example.com/charts');
  });
});

describe(renderPlatformProject.name, () => {
  it('allows each chart its repository and places, and no other', () => {
    const market = installs.filter(({ pool }) => pool === 'market');
    const project = renderPlatformProject('production', 'market', market);
    const { sourceRepos, destinations, clusterResourceWhitelist } = JSON.parse(JSON.stringify(project.spec));
    expect(sourceRepos).toEqual([...new Set(market.map(({ component }) => component.repo))].sort());
    expect(destinations).toContainEqual({ name: 'production-defimon-market', namespace: 'gateway' });
    // Reloader's rights over the services' pods are given there.
    expect(destinations).toContainEqual({ name: 'production-defimon-market', namespace: 'market' });
    expect(destinations).not.toContainEqual({ name: 'production-defimon-market', namespace: 'argocd' });
    expect(clusterResourceWhitelist).toContainEqual({ group: 'networking.k8s.io', kind: 'IngressClass' });
    expect(clusterResourceWhitelist).not.toContainEqual({ group: 'storage.k8s.io', kind: 'CSIDriver' });
  });

  it('lets no chart write network policies or applications', () => {
    const project = renderPlatformProject('production', 'market', installs);
    expect(JSON.stringify(project.spec)).toContain('{"group":"networking.k8s.io","kind":"NetworkPolicy"}');
  });
});
