import { addressPlan } from '../address-plan.ts';

/** What kubeadm is to find on a machine: one exact version each, checked by its sum where there is one. */
const containerdVersion = '2.3.5';
const runcVersion = '1.2.5';

/** The system that a machine of Hetzner starts with; kubeadm's needs are added to it by `commands`. */
export const machineImage = 'ubuntu-24.04';

/**
 * Hetzner's firewall has no object here: each machine refuses by itself what comes from the world. The API server and the
 * services are reached through load balancers, which come by the private network.
 */
const firewall = `table inet machine
flush table inet machine
table inet machine {
  chain input {
    type filter hook input priority -10; policy accept;
    iifname != "eth0" accept
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
    udp sport 67 udp dport 68 accept
    drop
  }
}
`;

const file = (path: string, content: string) => ({ path, owner: 'root:root', permissions: '0644', content });

/**
 * Stands in kubeadm's settings for the machine's address in the private network, which is known on the machine alone: by
 * its public one, the others would be refused by the firewall.
 */
export const privateAddress = 'PRIVATE-ADDRESS';

/** Files of every node. */
export const files = [
  file('/etc/nftables.conf', firewall),
  file('/etc/modules-load.d/kubernetes.conf', 'overlay\nbr_netfilter\n'),
  file(
    '/etc/sysctl.d/99-kubernetes.conf',
    [
      'net.bridge.bridge-nf-call-iptables = 1',
      'net.bridge.bridge-nf-call-ip6tables = 1',
      'net.ipv4.ip_forward = 1',
      'net.ipv4.conf.lxc*.rp_filter = 0',
      'vm.overcommit_memory = 1',
      // Elasticsearch and ClickHouse map more files than the usual limit.
      'vm.max_map_count = 262144',
      'kernel.panic = 10',
      'kernel.panic_on_oops = 1',
      '',
    ].join('\n'),
  ),
  // The world's resolvers, and no more than three: with Hetzner's own, pods would have one too many.
  file('/etc/kubernetes/resolv.conf', 'nameserver 185.12.64.1\nnameserver 185.12.64.2\n'),
  file(
    '/etc/systemd/system/containerd.service',
    `[Unit]
Description=containerd container runtime
After=network.target local-fs.target

[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
`,
  ),
];

/** What is done before kubeadm runs, on a machine's first start. */
export function commandsFor(kubernetesVersion: string): string[] {
  const minor = kubernetesVersion.split('.').slice(0, 2).join('.');
  const runc = `https://github.com/opencontainers/runc/releases/download/v${runcVersion}`;
  const containerd = `https://github.com/containerd/containerd/releases/download/v${containerdVersion}`;
  const archive = `containerd-${containerdVersion}-linux-amd64.tar.gz`;
  const packages = `https://pkgs.k8s.io/core:/stable:/v${minor}/deb`;
  return [
    'set -eux',
    'systemctl enable --now nftables',
    'swapoff -a && sed -i /swap/d /etc/fstab',
    'modprobe overlay && modprobe br_netfilter && sysctl --system',
    'apt-get update -y && apt-get install -y socat conntrack apt-transport-https ca-certificates curl gpg',
    'cd /tmp',
    `curl -fsSLO --retry 5 ${runc}/runc.amd64 && curl -fsSLO --retry 5 ${runc}/runc.sha256sum`,
    'sha256sum --check --ignore-missing runc.sha256sum && install -m 755 runc.amd64 /usr/local/sbin/runc',
    `curl -fsSLO --retry 5 ${containerd}/${archive} && curl -fsSLO --retry 5 ${containerd}/${archive}.sha256sum`,
    `sha256sum --check ${archive}.sha256sum && tar -xzf ${archive} -C /usr/local`,
    'mkdir -p /etc/containerd && containerd config default > /etc/containerd/config.toml',
    'sed -i "s/SystemdCgroup = false/SystemdCgroup = true/" /etc/containerd/config.toml',
    'systemctl daemon-reload && systemctl enable --now containerd',
    'mkdir -p /etc/apt/keyrings',
    `curl -fsSL --retry 5 ${packages}/Release.key | gpg --dearmor -o /etc/apt/keyrings/kubernetes.gpg`,
    `echo "deb [signed-by=/etc/apt/keyrings/kubernetes.gpg] ${packages}/ /" > /etc/apt/sources.list.d/kubernetes.list`,
    `apt-get update -y && apt-get install -y kubelet=${kubernetesVersion}-* kubeadm=${kubernetesVersion}-* kubectl=${kubernetesVersion}-*`,
    'apt-mark hold kubelet kubeadm kubectl && systemctl enable kubelet',
    // Hetzner attaches the private network a moment after the machine has started.
    `until ip=$(ip -4 -o addr show to ${addressPlan.hetzner.network} | awk '{ sub("/.*", "", $4); print $4; exit }') && [ -n "$ip" ]; do sleep 2; done`,
    'echo "KUBELET_EXTRA_ARGS=--node-ip=$ip" > /etc/default/kubelet',
    `sed -i "s/${privateAddress}/$ip/g" /run/kubeadm/*.yaml`,
  ];
}

/** Ranges of the cluster's own network. */
export const clusterNetwork = {
  pods: { cidrBlocks: [addressPlan.hetzner.pods] },
  services: { cidrBlocks: [addressPlan.hetzner.services] },
};
