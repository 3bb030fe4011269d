import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { nodeGroupLabel } from '../../conventions.ts';
import { ofKind, only, renderPool } from '../testing/rendered.ts';

const { pool, objects } = renderPool('production', 'infrastructure');
const groups = (kind: string) => pool.nodeGroups.filter((group) => group.kind === kind);

describe('a pool on Google Cloud', () => {
  it('has a node pool for each group of the catalog, of its machine, size and label', () => {
    const found = ofKind(objects, 'NodePool').map(({ metadata, spec: { forProvider } }) => ({
      id: metadata.annotations?.['crossplane.io/external-name'],
      machine: forProvider.nodeConfig.machineType,
      min: forProvider.autoscaling.minNodeCount,
      max: forProvider.autoscaling.maxNodeCount,
      label: forProvider.nodeConfig.labels[nodeGroupLabel],
    }));
    expect(found).toEqual(
      groups('kubernetes').map(({ id, machine, min, max }) => ({ id, machine, min, max, label: id })),
    );
  });

  it('keeps others off the nodes of a dedicated group alone', () => {
    for (const { spec } of ofKind(objects, 'NodePool')) {
      const { labels, taint } = spec.forProvider.nodeConfig;
      const isDedicated = labels[nodeGroupLabel] === 'ethereum';
      expect(taint).toEqual(
        isDedicated ? [{ key: nodeGroupLabel, value: 'ethereum', effect: 'NO_SCHEDULE' }] : undefined,
      );
    }
  });

  it('has as many virtual machines as their group at rest, each with the disk that the catalog says', () => {
    const [group] = groups('vm');
    expect(ofKind(objects, 'Instance')).toHaveLength(group?.min ?? 0);
    for (const { metadata, spec } of ofKind(objects, 'Instance')) {
      expect(spec.forProvider.machineType).toBe(group?.machine);
      const [attached] = spec.forProvider.attachedDisk;
      expect(attached.source).toBe(`projects/defimon-production/zones/us-central1-a/disks/${metadata.name}`);
      const { forProvider } = only(objects, 'Disk', new RegExp(`^${metadata.name}$`)).spec;
      expect([forProvider.type, forProvider.size]).toEqual([group?.volume?.type, group?.volume?.sizeGB]);
      expect(forProvider.zone).toBe(spec.forProvider.zone);
    }
  });

  it('takes the sizes of its environment', () => {
    const dev = renderPool('dev', 'infrastructure');
    expect(ofKind(dev.objects, 'Instance')).toEqual([]);
    expect(ofKind(dev.objects, 'Firewall')).toEqual([]);
    expect(only(dev.objects, 'ProviderConfig').spec.projectID).toBe('defimon-dev');
  });

  it('has private nodes, and an API server for the addresses of its environment alone', () => {
    const { forProvider } = only(objects, 'Cluster').spec;
    expect(forProvider.privateClusterConfig).toMatchObject({ enablePrivateNodes: true, enablePrivateEndpoint: false });
    expect(forProvider.masterAuthorizedNetworksConfig.cidrBlocks).toEqual([
      { cidrBlock: '203.0.113.30/32', displayName: 'management' },
    ]);
    expect(forProvider).toMatchObject({ enableShieldedNodes: true, deletionProtection: true });
  });

  it('opens nothing to the world but the ports of peers, and the engine to nobody', () => {
    const rules = ofKind(objects, 'Firewall').map(({ spec }) => spec.forProvider);
    const open = rules.filter(({ allow, sourceRanges }) => allow !== undefined && sourceRanges.includes('0.0.0.0/0'));
    expect(open.map(({ allow }) => allow)).toEqual([
      [
        { protocol: 'tcp', ports: ['30303', '9000'] },
        { protocol: 'udp', ports: ['30303', '9000', '9001'] },
      ],
    ]);
    const allowed = rules.flatMap(({ allow = [] }) => allow.flatMap(({ ports }: { ports: string[] }) => ports));
    expect(allowed).not.toContain('8551');
    const denied = rules.find(({ deny }) => deny !== undefined);
    expect(denied.deny).toEqual([{ protocol: 'tcp', ports: ['8551'] }]);
    expect(Math.min(...rules.map(({ priority }) => priority))).toBe(denied.priority);
  });

  it('keeps backups in a bucket that nobody reaches without a right to it, with every version', () => {
    const { metadata, spec } = only(objects, 'Bucket');
    expect(metadata.name).toBe('defimon-infrastructure-production-backups');
    expect(spec.forProvider).toMatchObject({ publicAccessPrevention: 'enforced', versioning: { enabled: true } });
  });

  it('starts both clients on a machine, with images of the catalog and the engine on the machine itself', () => {
    const script: string = ofKind(objects, 'Instance')[0]?.spec.forProvider.metadata['startup-script'];
    for (const { id, image } of (pool.workloads ?? []).filter(({ id }) => ['geth', 'lighthouse'].includes(id))) {
      expect(script).toContain(`run ${id} ${image} `);
    }
    expect(script).toContain("'--authrpc.addr=127.0.0.1'");
    expect(script).toContain("'--execution-endpoint=http://127.0.0.1:8551'");
    expect(script).toContain('head -c 32 /dev/urandom');
    // Bash reads it to the end, and finds nothing amiss.
    expect(execFileSync('bash', ['-n'], { input: script, encoding: 'utf8' })).toBe('');
  });
});
