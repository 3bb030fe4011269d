import type { Provider } from '../../catalog/schema/machine.ts';
import type { JsonObject } from '../emit/yaml.ts';
import { hostOf } from '../gateway/hosts.ts';
import { addressPlan } from '../pools/address-plan.ts';
import type { ComponentContext } from './component-context.ts';

/** What Kong and its Service need for a caller's own address to arrive, by which those without a token are counted. */
interface Caller {
  /** Of the proxy's Service. */
  readonly service: JsonObject;
  /** Parameters of each address that the proxy listens on. */
  readonly listen: readonly string[];
  readonly env: JsonObject;
}

/** The load balancer hands packets on as they came, and asks only nodes that run a Kong. */
const keepsAddress = { externalTrafficPolicy: 'Local' };

/**
 * Balancers that open a connection of their own say whose it is ahead of it, by the PROXY protocol, in annotations of
 * the provider's. `nets`: where such a connection comes from, by way of the nodes; from elsewhere none is believed.
 *
 * With the protocol on, Kong takes no connection without it, so a pod that asks for the public name, as cert-manager
 * does, must go by the balancer. Kubernetes leads it straight to Kong where the Service shows the balancer's address;
 * where it shows a name, it does not.
 */
const proxied: Partial<Record<Provider, { uses: string; hostname: string; nets: readonly string[] }>> = {
  hetzner: {
    uses: 'load-balancer.hetzner.cloud/uses-proxyprotocol',
    hostname: 'load-balancer.hetzner.cloud/hostname',
    nets: [addressPlan.hetzner.network, addressPlan.hetzner.pods],
  },
  digitalocean: {
    uses: 'service.beta.kubernetes.io/do-loadbalancer-enable-proxy-protocol',
    hostname: 'service.beta.kubernetes.io/do-loadbalancer-hostname',
    nets: [addressPlan.digitalocean.machines, addressPlan.digitalocean.pods],
  },
};

/**
 * Balancers that hand packets on. That of AWS is made by the cloud's own controller, which knows the PROXY protocol of
 * its older kind alone; Google's has none.
 */
const passedOn: Partial<Record<Provider, JsonObject>> = {
  aws: { annotations: { 'service.beta.kubernetes.io/aws-load-balancer-type': 'nlb' }, ...keepsAddress },
  gcp: keepsAddress,
};

export function callerOf({ pool, environment }: Pick<ComponentContext, 'pool' | 'environment'>): Caller {
  const by = pool === undefined ? undefined : proxied[pool.provider];
  if (pool === undefined || by === undefined) {
    return { service: (pool && passedOn[pool.provider]) ?? {}, listen: [], env: {} };
  }
  return {
    service: { annotations: { [by.uses]: 'true', [by.hostname]: hostOf(pool, environment) } },
    listen: ['proxy_protocol'],
    env: { real_ip_header: 'proxy_protocol', trusted_ips: by.nets.join(',') },
  };
}
