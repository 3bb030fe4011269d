import type { NodeGroup, Pool, PoolWorkload } from '../../../catalog/schema/pool.ts';
import { RenderError } from '../../inputs.ts';
import { engineSecretFile, gethArguments, lighthouseArguments } from '../../workloads/ethereum-arguments.ts';
import { ethereumPorts } from '../../workloads/ethereum-ports.ts';

const dataFolder = '/mnt/disks/data';
/** Any id but 0; the same as in the cluster. */
const user = '10001:10001';

/** How a workload is started on a machine of its own, by id, which is its program's name too. */
const programs: Readonly<Record<string, () => string[]>> = {
  geth: () => gethArguments({ dataFolder: '/data', engineHost: '127.0.0.1' }),
  lighthouse: () =>
    lighthouseArguments({ dataFolder: '/data', engine: `http://127.0.0.1:${ethereumPorts.geth.engine}` }),
};

/**
 * What a virtual machine does at each start: mounts its disk, makes the secret that its two clients share, and runs them
 * as containers of the same images as in the cluster. Every step can be repeated.
 */
export function renderStartupScript(pool: Pool, group: NodeGroup): string {
  const workloads = (group.runs ?? []).map((id) => getWorkload(pool, id));
  const { geth, lighthouse } = ethereumPorts;
  const tcp = [geth.peers, lighthouse.peers, geth.http, geth.ws, geth.metrics, lighthouse.http, lighthouse.metrics];
  const udp = [geth.peers, lighthouse.peers, lighthouse.quic];
  return `#!/bin/bash
set -euo pipefail

# The disk outlives the machine: it is formatted once.
disk=/dev/disk/by-id/google-data
if ! blkid "$disk" > /dev/null; then mkfs.ext4 -m 0 -E lazy_itable_init=0,discard "$disk"; fi
mkdir -p ${dataFolder}
mountpoint -q ${dataFolder} || mount -o discard,defaults "$disk" ${dataFolder}
resize2fs "$disk"

# Geth and Lighthouse know each other by it; it never leaves this machine.
jwt=${dataFolder}/engine
if [ ! -s "$jwt/jwt.hex" ]; then
  mkdir -p "$jwt"
  (umask 077; head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \\n' > "$jwt/jwt.hex.new")
  mv "$jwt/jwt.hex.new" "$jwt/jwt.hex"
fi
chown -R ${user} "$jwt"

# The system's own filter lets nothing in but SSH; which addresses get this far is the network's firewall to say.
open() { iptables -C INPUT -p "$1" --dport "$2" -j ACCEPT 2> /dev/null || iptables -A INPUT -p "$1" --dport "$2" -j ACCEPT; }
for port in ${tcp.join(' ')}; do open tcp "$port"; done
for port in ${udp.join(' ')}; do open udp "$port"; done

run() {
  local name=$1 image=$2 memory=$3; shift 3
  mkdir -p "${dataFolder}/$name"
  chown ${user} "${dataFolder}/$name"
  docker pull "$image"
  docker stop --time 300 "$name" 2> /dev/null || true
  docker rm "$name" 2> /dev/null || true
  # Not "always": Docker would start it before its disk is there.
  docker run --detach --name "$name" --restart on-failure --stop-timeout 300 --network host --user ${user} \\
    --cap-drop ALL --security-opt no-new-privileges --read-only --tmpfs /tmp --env HOME=/tmp --memory "$memory" \\
    --log-opt max-size=100m --log-opt max-file=5 \\
    --mount "type=bind,source=${dataFolder}/$name,target=/data" \\
    --mount "type=bind,source=$jwt,target=${folderOf(engineSecretFile)},readonly" \\
    --entrypoint "$name" "$image" "$@"
}
${workloads.map((workload) => renderRun(workload)).join('\n')}
`;
}

function renderRun({ id, image, resources }: Startable): string {
  const argumentsOf = programs[id];
  if (argumentsOf === undefined) {
    throw new RenderError(`workload ${id}: a virtual machine does not know how to start it`);
  }
  const { memory } = resources.limits ?? resources.requests;
  // Docker writes 20g for Kubernetes' 20Gi.
  return [`run ${id} ${image} ${memory.toLowerCase().replace('i', '')}`, ...argumentsOf().map(quote)].join(' \\\n  ');
}

type Startable = PoolWorkload & Required<Pick<PoolWorkload, 'image' | 'resources'>>;

function getWorkload(pool: Pool, id: string): Startable {
  const { image, resources, ...workload } = pool.workloads?.find((candidate) => candidate.id === id) ?? {};
  if (!('id' in workload) || image === undefined || resources === undefined) {
    throw new RenderError(`pool/${pool.id}: no workload ${id} with an image and resources`);
  }
  return { ...workload, image, resources };
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function quote(argument: string): string {
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}
