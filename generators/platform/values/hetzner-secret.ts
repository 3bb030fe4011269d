/**
 * The Secret that Cluster API's provider for Hetzner writes to kube-system of each cluster it makes: the token under the
 * key that the machines' own description names, and the number of the private network.
 * Source: controllers/hetznercluster_controller.go of syself/cluster-api-provider-hetzner.
 */
export const hetznerSecret = { name: 'hetzner', token: 'hcloud', network: 'network' } as const;
