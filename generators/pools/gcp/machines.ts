import type { NodeGroup } from '../../../catalog/schema/pool.ts';
import { RenderError } from '../../inputs.ts';
import { managed } from '../managed.ts';
import { groupsOf, type PoolContext } from '../pool-context.ts';
import { gcpProjectOf } from '../provider-access.ts';
import { type GcpNames, gcpNamesOf } from './names.ts';
import { machineTag } from './network.ts';
import { renderStartupScript } from './startup-script.ts';

const compute = 'compute.gcp.upbound.io/v1beta2';

/** Google's own system for containers; a family, so that a new machine has its month's fixes from its first minute. */
const machineImage = 'projects/cos-cloud/global/images/family/cos-121-lts';

/** The virtual machines of a Google pool: each runs by itself what its group names. More of them is a higher `min`. */
export function renderGcpMachines(context: PoolContext): object[] {
  const names = gcpNamesOf(context);
  return groupsOf(context.pool, 'vm').flatMap((group) =>
    Array.from({ length: group.min }, (_, index) => renderMachine(context, names, group, index + 1)).flat(),
  );
}

function renderMachine(
  context: PoolContext,
  { base, zone }: GcpNames,
  group: NodeGroup & { machine: string },
  number: number,
): object[] {
  const { place, pool } = context;
  const { volume } = group;
  if (volume === undefined)
    throw new RenderError(`pool/${pool.id}: node group ${group.id} has no volume to keep data on`);
  const name = `${base}-${group.id}-${number}`;
  const labels = { environment: place.environment, pool: pool.id, 'node-group': group.id };
  return [
    managed(context, {
      apiVersion: compute,
      kind: 'Disk',
      name,
      wave: 'workload',
      forProvider: { zone, type: volume.type, size: volume.sizeGB, labels },
    }),
    managed(context, {
      apiVersion: compute,
      kind: 'Instance',
      name,
      wave: 'edge',
      forProvider: {
        zone,
        machineType: group.machine,
        allowStoppingForUpdate: true,
        deletionProtection: true,
        bootDisk: { autoDelete: true, initializeParams: { image: machineImage, type: 'pd-balanced', size: 50 } },
        attachedDisk: [
          {
            source: `projects/${gcpProjectOf(context)}/zones/${zone}/disks/${name}`,
            deviceName: 'data',
            mode: 'READ_WRITE',
          },
        ],
        // Peers must reach it: it has an address in the world, and the firewall lets them alone in.
        networkInterface: [{ subnetworkRef: { name: base }, accessConfig: [{ networkTier: 'PREMIUM' }] }],
        serviceAccount: {
          emailRef: { name: `${base}-machines` },
          scopes: ['https://www.googleapis.com/auth/cloud-platform'],
        },
        shieldedInstanceConfig: { enableSecureBoot: true, enableVtpm: true, enableIntegrityMonitoring: true },
        scheduling: { automaticRestart: true, onHostMaintenance: 'MIGRATE' },
        metadata: {
          'enable-oslogin': 'TRUE',
          'block-project-ssh-keys': 'TRUE',
          'serial-port-enable': 'FALSE',
          // Runs at every start, so that a change is taken up by a restart: `metadataStartupScript` would want a new machine.
          'startup-script': renderStartupScript(pool, group),
        },
        tags: [machineTag(base)],
        labels,
      },
    }),
  ];
}
