import type { NetworkPolicyPeer } from 'cdk8s-plus-28/lib/imports/k8s.js';

/** Where clouds and data centres keep what is theirs (RFC 1918). */
export const privateNets = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'] as const;

/** The link-local net (RFC 3927), in which clouds hand out credentials to whoever asks. */
export const cloudCredentials = '169.254.0.0/16';

/** Addresses of the world, for a network policy: without private nets, carriers' (RFC 6598) and cloud credentials. */
export function world(): NetworkPolicyPeer[] {
  const v4 = [privateNets[0], '100.64.0.0/10', cloudCredentials, privateNets[1], privateNets[2]];
  return [
    { ipBlock: { cidr: '0.0.0.0/0', except: v4 } },
    { ipBlock: { cidr: '::/0', except: ['fc00::/7', 'fe80::/10'] } },
  ];
}
