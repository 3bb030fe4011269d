import type { Pool, PoolWorkload } from '../../catalog/schema/pool.ts';
import { clustersOf } from '../clusters.ts';
import { hostOf } from '../gateway/hosts.ts';
import { RenderError, type RenderInputs } from '../inputs.ts';
import { peerAddressOf } from '../pools/gcp/names.ts';
import { type Unit, unit } from '../unit.ts';
import { renderGeth } from './geth.ts';
import { renderLighthouse } from './lighthouse.ts';
import { renderMlflow } from './mlflow.ts';
import { sizedWorkload, type WorkloadContext } from './workload-context.ts';

/** How each workload that we run without a chart is run, by id. */
const programs: Readonly<Record<string, (context: WorkloadContext) => object[]>> = {
  geth: renderGeth,
  lighthouse: renderLighthouse,
  mlflow: renderMlflow,
};

/** Software of others that a pool runs from an image: those without one come by a chart. */
export function workloadUnits(inputs: RenderInputs): Unit[] {
  return inputs.catalog.pools.flatMap((pool) =>
    (pool.workloads ?? [])
      .filter(({ image }) => image !== undefined)
      .flatMap((workload) => clustersOf(pool).map((cluster) => workloadUnit(inputs, pool, cluster, workload))),
  );
}

function workloadUnit({ environment }: RenderInputs, pool: Pool, cluster: string, workload: PoolWorkload): Unit {
  const { accounts, name } = environment;
  const [namespace] = pool.namespaces;
  const program = programs[workload.id];
  const nodeGroup = pool.nodeGroups.find(({ id }) => id === workload.nodeGroup);
  if (program === undefined || namespace === undefined || nodeGroup === undefined) {
    throw new RenderError(`pool/${pool.id}: workload ${workload.id} has an image, but nothing says how it is run`);
  }
  return unit({
    place: { environment: name, pool: pool.id, cluster, namespace },
    name: workload.id,
    tier: 'services',
    owner: pool.owner,
    inputs: {
      workload: sizedWorkload(pool, workload),
      nodeGroup,
      provider: pool.provider,
      namespaces: pool.namespaces,
      peers: { name: peerAddressOf(name, cluster), address: accounts?.gcp?.peerAddress },
      host: hostOf(pool, environment),
    },
    render: (place, given) => program({ place, ...given }),
  });
}
