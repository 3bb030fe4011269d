import { describe, expect, it } from 'vitest';
import { parseMiB } from '../../catalog/quantities.ts';
import { nodeGroupLabel } from '../conventions.ts';
import type { Manifest } from '../emit/manifest.ts';
import { getPool, type RenderInputs } from '../inputs.ts';
import { ofKind as objectsOf, renderPool, sizedInputs } from '../pools/testing/rendered.ts';
import { createStrictValidator, whyUnavailable } from '../testing/strict-schemas.ts';
import { workloadUnits } from './units.ts';

// biome-ignore lint/suspicious/noExplicitAny: every kind has its own shape; a wrong path fails the test.
type Open = Manifest & { readonly spec: any };

const inputs = sizedInputs('production');
/** Where the environment says at which address peers find its node. */
const withAddress = withPeers('198.51.100.7');
const withoutAddress = withPeers(undefined);
const unavailable = whyUnavailable();
const rendered = (name: string, from: RenderInputs = withoutAddress): Open[] =>
  workloadUnits(from)
    .filter((unit) => unit.name === name)
    .flatMap((unit) => unit.render() as Open[]);
const [geth, lighthouse, mlflow] = ['geth', 'lighthouse', 'mlflow'].map((name) => rendered(name)) as [
  Open[],
  Open[],
  Open[],
];

describe(workloadUnits.name, () => {
  it('runs what has an image in the catalog, on every cluster of its pool; the rest comes by charts', () => {
    expect(workloadUnits(inputs).map(({ name, place }) => [name, place.cluster, place.namespace])).toEqual([
      ['geth', 'defimon-infrastructure', 'infrastructure'],
      ['lighthouse', 'defimon-infrastructure', 'infrastructure'],
      ['mlflow', 'defimon-ml', 'ml'],
    ]);
  });

  it.skipIf(unavailable !== undefined)('gives objects that fit their strict schemas', () => {
    const validate = createStrictValidator();
    expect([...geth, ...lighthouse, ...mlflow].flatMap(validate)).toEqual([]);
  });

  it('takes image, size and storage from the catalog', () => {
    for (const [id, objects] of Object.entries({ geth, lighthouse, mlflow })) {
      const workload = inputs.catalog.pools.flatMap(({ workloads = [] }) => workloads).find((one) => one.id === id);
      const pods = only(objects, /^(StatefulSet|Deployment)$/).spec;
      const [container] = pods.template.spec.containers;
      expect([pods.replicas, container.image]).toEqual([workload?.replicas, workload?.image]);
      expect(container.resources).toEqual(workload?.resources);
      const claims = (pods.volumeClaimTemplates ?? []).map(
        ({ spec }: { spec: { resources: { requests: { storage: string } } } }) => spec.resources.requests.storage,
      );
      expect(claims).toEqual(workload?.storageGB === undefined ? [] : [`${workload.storageGB}Gi`]);
    }
  });

  it("has the brief's 2 TB and more for the chain", () => {
    const [claim] = only(geth, /^StatefulSet$/).spec.volumeClaimTemplates;
    expect(parseMiB(claim.spec.resources.requests.storage)).toBeGreaterThanOrEqual(2 * 1024 * 1024);
  });

  it('is kept with its disks whatever is deleted, and has time to write them', () => {
    for (const objects of [geth, lighthouse]) {
      const { metadata, spec } = only(objects, /^StatefulSet$/);
      expect(metadata.annotations?.['argocd.argoproj.io/sync-options']).toBe('Prune=false,Delete=false');
      expect(spec.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: 'Retain', whenScaled: 'Retain' });
    }
    expect(only(geth, /^StatefulSet$/).spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(300);
  });

  it('opens the engine API to Lighthouse alone', () => {
    const callers = only(geth, /^NetworkPolicy$/)
      .spec.ingress.filter(({ ports }: { ports?: { port: number }[] }) => {
        expect(ports?.length, 'a rule without ports opens all of them').toBeGreaterThan(0);
        return ports?.some(({ port }) => port === 8551);
      })
      .flatMap(({ from }: { from: object[] }) => from);
    expect(callers).toEqual([{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'lighthouse' } } }]);
    const exposing = servicesOf(geth).filter(({ spec }) =>
      spec.ports.some(({ port }: { port: number }) => port === 8551),
    );
    expect(exposing.map(({ metadata, spec }) => [metadata.name, spec.type])).toEqual([['geth-engine', 'ClusterIP']]);
  });

  it('shares one secret between the two, which is written nowhere', () => {
    const mounted = [geth, lighthouse].map(
      (objects) => only(objects, /^StatefulSet$/).spec.template.spec.volumes[0].secret.secretName,
    );
    expect(mounted).toEqual(['ethereum-engine', 'ethereum-engine']);
    expect(only(geth, /^ExternalSecret$/).spec.target.name).toBe('ethereum-engine');
    const files = [geth, lighthouse].map((objects) =>
      argumentsOf(objects).find((argument) => /^--(authrpc.jwtsecret|execution-jwt)=/.test(argument)),
    );
    expect(files).toEqual(['--authrpc.jwtsecret=/etc/engine/jwt.hex', '--execution-jwt=/etc/engine/jwt.hex']);
  });

  it('shows the world the ports of peers, at the address that the pool rents, and reads to the private network', () => {
    const outside = ['geth', 'lighthouse']
      .flatMap((name) => rendered(name, withAddress))
      .filter(({ spec }) => spec?.type === 'LoadBalancer');
    const addresses = objectsOf(renderPool('production', 'infrastructure').objects, 'Address').map(
      ({ metadata }) => metadata.name,
    );
    const found = outside.map(({ metadata, spec }) => [
      metadata.name,
      spec.ports.map(({ port, protocol }: { port: number; protocol: string }) => `${port}/${protocol}`).join(' '),
      metadata.annotations?.['networking.gke.io/load-balancer-ip-addresses'] ??
        metadata.annotations?.['networking.gke.io/load-balancer-type'],
    ]);
    expect(found).toEqual([
      ['geth-network', '8545/TCP 8546/TCP', 'Internal'],
      ['geth-peers-tcp', '30303/TCP', ...addresses],
      ['geth-peers-udp', '30303/UDP', ...addresses],
      ['lighthouse-peers-tcp', '9000/TCP', ...addresses],
      ['lighthouse-peers-udp', '9000/UDP 9001/UDP', ...addresses],
    ]);
  });

  it('tells peers that address once it is known, and leaves them to find out before', () => {
    const told = /extip|enr-address/;
    expect([...argumentsOf(geth), ...argumentsOf(lighthouse)].filter((one) => told.test(one))).toEqual([]);
    const args = ['geth', 'lighthouse'].flatMap((name) => argumentsOf(rendered(name, withAddress)));
    expect(args.filter((one) => told.test(one))).toEqual(['--nat=extip:198.51.100.7', '--enr-address=198.51.100.7']);
  });

  it('opens nothing to the world before, since nobody would be told of it', () => {
    const open = [...geth, ...lighthouse].filter(({ spec }) => spec?.type === 'LoadBalancer');
    expect(open.map(({ metadata }) => metadata.name)).toEqual(['geth-network']);
    for (const objects of [geth, lighthouse]) {
      expect(JSON.stringify(only(objects, /^NetworkPolicy$/).spec.ingress)).not.toContain('0.0.0.0/0');
    }
  });

  it('puts pods on nodes that carry their label, past the taint that keeps others off', () => {
    const { objects } = renderPool('production', 'infrastructure');
    for (const pods of [geth, lighthouse]) {
      const { nodeSelector, tolerations } = only(pods, /^StatefulSet$/).spec.template.spec;
      const nodes = objectsOf(objects, 'NodePool').find(
        ({ spec }) => spec.forProvider.nodeConfig.labels[nodeGroupLabel] === nodeSelector[nodeGroupLabel],
      );
      const [{ key, value }] = nodes?.spec.forProvider.nodeConfig.taint ?? [];
      expect(tolerations).toEqual([{ key, operator: 'Equal', value, effect: 'NoSchedule' }]);
    }
    const groups = getPool(inputs.catalog, 'ml').nodeGroups.map(({ id }) => id);
    expect(groups).toContain(only(mlflow, /^Deployment$/).spec.template.spec.nodeSelector[nodeGroupLabel]);
  });

  it('takes a node that catches up for ready: it answers', () => {
    const probes = only(lighthouse, /^StatefulSet$/).spec.template.spec.containers[0];
    // 206 while it catches up counts as well; 503 does not.
    expect(probes.readinessProbe.httpGet.path).toBe('/eth/v1/node/health');
    expect(probes.livenessProbe.httpGet.path).toBe('/eth/v1/node/version');
  });

  it('shows Prometheus one Service of each client', () => {
    for (const objects of [geth, lighthouse]) {
      const { selector, endpoints } = only(objects, /^ServiceMonitor$/).spec;
      const found = servicesOf(objects).filter(({ metadata }) => {
        const labels: unknown = metadata.labels;
        return Object.entries(selector.matchLabels).every(([key, value]) => Reflect.get(labels ?? {}, key) === value);
      });
      expect(found).toHaveLength(1);
      expect(found[0]?.spec.ports.map(({ name }: { name: string }) => name)).toContain(endpoints[0].port);
    }
  });

  it('gives MLflow its database and bucket by reference, and clients of its pool alone to serve', () => {
    const [container] = only(mlflow, /^Deployment$/).spec.template.spec.containers;
    const keys = only(mlflow, /^ExternalSecret$/).spec.data.map(({ secretKey }: { secretKey: string }) => secretKey);
    const fromSecret = container.env
      .filter((one: object) => 'valueFrom' in one)
      .map(({ name }: { name: string }) => name);
    expect(fromSecret).toEqual(keys);
    expect(container.args).toContain('--artifacts-destination=s3://models');
    expect(container.ports[0].containerPort).toBe(5000);
    const [rule, ...others] = only(mlflow, /^NetworkPolicy$/).spec.ingress;
    expect(others).toEqual([]);
    expect(rule.from[0].namespaceSelector.matchExpressions[0].values).toEqual(['ml']);
  });
});

function withPeers(peerAddress: string | undefined): RenderInputs {
  const gcp = { project: 'defimon-production', ...(peerAddress === undefined ? {} : { peerAddress }) };
  return { ...inputs, environment: { ...inputs.environment, accounts: { ...inputs.environment.accounts, gcp } } };
}

function only(objects: readonly Open[], kind: RegExp): Open {
  const [first, ...others] = objects.filter((object) => kind.test(object.kind));
  if (first === undefined || others.length > 0) throw new Error(`not one object ${kind}`);
  return first;
}

function servicesOf(objects: readonly Open[]): Open[] {
  return objects.filter(({ kind }) => kind === 'Service');
}

function argumentsOf(objects: readonly Open[]): string[] {
  return only(objects, /^StatefulSet$/).spec.template.spec.containers[0].args;
}
