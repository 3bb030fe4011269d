import { describe, expect, it } from 'vitest';
import { ofKind, only, renderPool } from '../testing/rendered.ts';
import { renderHetznerPool } from './cluster.ts';

const { pool, objects } = renderPool('production', 'analytics');
const groupOf = (id: string) => pool.nodeGroups.find((group) => group.id === id);

describe(renderHetznerPool.name, () => {
  it('has a control plane of the size in the catalog, on machines of its own', () => {
    const { spec } = only(objects, 'KubeadmControlPlane');
    expect(spec.replicas).toBe(groupOf('control-plane')?.min);
    expect(spec.version).toBe(`v${pool.kubernetesVersion}`);
    const template = only(objects, 'HCloudMachineTemplate', /control-plane/);
    expect(spec.machineTemplate.spec.infrastructureRef.name).toBe(template.metadata.name);
    expect(template.spec.template.spec.type).toBe(groupOf('control-plane')?.machine);
  });

  it('takes the sizes of its environment', () => {
    expect(only(renderPool('dev', 'analytics').objects, 'KubeadmControlPlane').spec.replicas).toBe(1);
  });

  it('lets the autoscaler choose how many workers there are, between the bounds of the catalog', () => {
    const { metadata, spec } = only(objects, 'MachineDeployment');
    const bound = (end: string) =>
      metadata.annotations?.[`cluster.x-k8s.io/cluster-api-autoscaler-node-group-${end}-size`];
    expect([bound('min'), bound('max')]).toEqual([String(groupOf('general')?.min), String(groupOf('general')?.max)]);
    expect(spec.replicas).toBeUndefined();
    expect(spec.selector.matchLabels).toEqual(spec.template.metadata.labels);
  });

  it('labels the nodes of a group, since Cluster API would pass on no label of ours', () => {
    const [{ spec }] = ofKind(objects, 'KubeadmConfigTemplate') as [(typeof objects)[number]];
    expect(spec.template.spec.joinConfiguration.nodeRegistration.kubeletExtraArgs).toContainEqual({
      name: 'node-labels',
      value: 'defimon.highfunk.uk/node-group=general',
    });
  });

  it('gives a template another name as soon as anything in it is another, and only then', () => {
    const context = (kubernetesVersion: string) => ({
      place: { environment: 'production', pool: 'management', cluster: 'management', namespace: 'pool-analytics' },
      pool: { ...pool, kubernetesVersion },
      accounts: {},
      cidrs: [],
      origins: [],
    });
    const templatesOf = (version: string) =>
      (renderHetznerPool(context(version)) as typeof objects)
        .filter(({ kind }) => kind.endsWith('Template'))
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(templatesOf('1.35.1')).toEqual(templatesOf('1.35.1'));
    const kept = templatesOf('1.35.2');
    // What installs that version is another one; the machines are what they were.
    expect(templatesOf('1.35.1').filter((name) => !kept.includes(name))).toEqual([
      expect.stringMatching(/^KubeadmConfigTemplate production-defimon-analytics-general-[0-9a-f]{8}$/),
    ]);
  });

  it('replaces machines that are unwell, workers and control plane apart', () => {
    const checks = ofKind(objects, 'MachineHealthCheck').map(({ spec }) => spec.selector.matchLabels);
    expect(checks).toEqual([{ 'cluster.x-k8s.io/control-plane': '' }, { 'defimon.highfunk.uk/node-group': 'general' }]);
  });

  it('has every machine refuse the world, and speak with the others in private', () => {
    const { kubeadmConfigSpec } = only(objects, 'KubeadmControlPlane').spec;
    const rules: string = kubeadmConfigSpec.files[0].content;
    expect(rules).toMatch(/iifname != "eth0" accept[\s\S]+\n {4}drop\n/);
    expect(rules).not.toMatch(/dport (22|6443|10250)/);
    expect(kubeadmConfigSpec.joinConfiguration.controlPlane.localAPIEndpoint.advertiseAddress).toBe('PRIVATE-ADDRESS');
    expect(kubeadmConfigSpec.preKubeadmCommands.at(-1)).toContain('s/PRIVATE-ADDRESS/$ip/g');
  });
});
