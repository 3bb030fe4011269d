import { describe, expect, it } from 'vitest';
import type { Manifest } from '../emit/manifest.ts';
import { installsOf } from '../platform/installs.ts';
import { inputsOf } from '../testing/project.ts';
import { namespaceUnits } from './units.ts';

const inputs = inputsOf('staging');
const all = namespaceUnits(inputs);
const levelLabel = 'pod-security.kubernetes.io/enforce';

describe(namespaceUnits.name, () => {
  it('renders the namespace of every chart on its cluster, but what comes with the cluster', () => {
    const rendered = new Set(all.map(({ place }) => `${place.cluster}/${place.namespace}`));
    const wanted = installsOf(inputs).flatMap(({ cluster, namespaces }) =>
      namespaces.filter((name) => name !== 'kube-system').map((name) => `${cluster}/${name}`),
    );
    expect(wanted.filter((name) => !rendered.has(name))).toEqual([]);
    expect([...rendered].filter((name) => name.endsWith('/kube-system'))).toEqual([]);
  });

  it('asks the strictest level of every pod, but where the catalog says why not', () => {
    const levels = new Map(
      all.map((unit) => [
        unit.place.namespace,
        objectsOf(unit, 'Namespace').map(({ metadata }) => Reflect.get(Object(metadata.labels), levelLabel)),
      ]),
    );
    const lowered = [...levels].filter(([, [level]]) => level !== 'restricted').map(([name]) => name);
    expect(lowered.sort()).toEqual(['node-agents', 'velero']);
  });

  it('closes every namespace, and opens it by the rules of what runs there', () => {
    for (const unit of all) {
      const closed = objectsOf(unit, 'NetworkPolicy').find(({ metadata }) => metadata.name === 'default-deny');
      expect(closed?.spec, unit.name).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    }
    const operators = unitOn('defimon-analytics', 'operators');
    expect(objectsOf(operators, 'NetworkPolicy').map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['cloudnative-pg', 'strimzi']),
    );
  });

  it('lets no platform pod ask for the credentials of the cloud', () => {
    for (const unit of all) {
      const text = JSON.stringify(objectsOf(unit, 'NetworkPolicy'));
      const open = text.split('"cidr":"0.0.0.0/0"').length - 1;
      expect(text.split('"cidr":"0.0.0.0/0","except":["169.254.0.0/16"]').length - 1, unit.name).toBe(open);
    }
  });

  it('lets Prometheus reach the ports of nodes by number, since no range of addresses means a node everywhere', () => {
    const policies = objectsOf(unitOn('defimon-market', 'monitoring'), 'NetworkPolicy');
    const [stack] = policies.filter(({ metadata }) => metadata.name === 'kube-prometheus-stack');
    expect(JSON.stringify(stack?.spec)).toContain(
      '{"ports":[{"port":9100,"protocol":"TCP"},{"port":10250,"protocol":"TCP"}]}',
    );
  });

  it('lets cert-manager look for its own answer at the gateway, where the cluster leads it there', () => {
    const [policy] = objectsOf(unitOn('defimon-market', 'cert-manager'), 'NetworkPolicy').filter(
      ({ metadata }) => metadata.name === 'cert-manager',
    );
    expect(JSON.stringify(policy?.spec)).toContain('"values":["gateway"]');
  });

  it('gives the registry to namespaces in which our image runs, and the challenge to those that answer the public', () => {
    const names = (namespace: string, cluster: string) =>
      unitOn(cluster, namespace)
        ?.render()
        .map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    const analytics = names('analytics', 'defimon-analytics');
    expect(analytics).toContain('ExternalSecret/registry-credentials');
    expect(analytics).toContain('NetworkPolicy/acme-challenge');
    expect(names('infrastructure', 'defimon-infrastructure')).not.toContain('ExternalSecret/registry-credentials');
  });

  it('keeps the machines of each pool apart in the management cluster', () => {
    const names = all.filter(({ place }) => place.cluster === 'management').map(({ place }) => place.namespace);
    expect(names).toEqual(
      expect.arrayContaining(['pool-analytics', 'pool-social', 'crossplane-system', 'capi-system']),
    );
    // Nothing can be rented from nobody.
    expect(names).not.toContain('pool-ml');
  });
});

function unitOn(cluster: string, namespace: string) {
  return all.find(({ place }) => place.cluster === cluster && place.namespace === namespace);
}

function objectsOf(unit: ReturnType<typeof unitOn>, kind: string): Manifest[] {
  return unit?.render().filter((manifest) => manifest.kind === kind) ?? [];
}
