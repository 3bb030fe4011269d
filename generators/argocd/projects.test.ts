import { describe, expect, it } from 'vitest';
import type { App } from '../app.ts';
import { renderProject } from './projects.ts';

describe(renderProject.name, () => {
  it('allows just the clusters and namespaces that its apps are in', () => {
    const apps = [app({}), app({ name: 'other' }), app({ cluster: 'b' })];
    expect(renderProject('staging', 'analytics', apps).spec).toMatchObject({
      destinations: [
        { name: 'staging-a', namespace: 'analytics' },
        { name: 'staging-b', namespace: 'analytics' },
      ],
    });
  });

  it('refuses a kind that nobody has allowed', () => {
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'admin' },
    };
    expect(() => renderProject('staging', 'analytics', [app({ manifests: [role] })])).toThrow(
      'ClusterRoleBinding.rbac.authorization.k8s.io/admin: no AppProject allows this kind',
    );
  });
});

function app(overrides: Partial<App>): App {
  return {
    environment: 'staging',
    pool: 'analytics',
    cluster: 'a',
    namespace: 'analytics',
    name: 'chain-sync',
    tier: 'services',
    owner: 'platform',
    manifests: [],
    ...overrides,
  };
}
