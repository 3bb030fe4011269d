import { clustersOf } from '../clusters.ts';
import { podNetworksOf } from '../pools/pod-networks.ts';
import type { ServiceContext } from './service-context.ts';

/**
 * The proxies whose word of a caller's address a service takes: the pods of its own cluster, where the gateway reaches it. The network
 * policy lets in the gateway alone, and those of ours that call it in a caller's name: their addresses are given anew with each pod, and
 * the network that these come from is what is known of them before. None for who has no route.
 */
export function trustedProxiesOf({ service, pool, place }: ServiceContext): readonly string[] {
  if (service.routes.length === 0) return [];
  return podNetworksOf(pool.provider, pool.regions[clustersOf(pool).indexOf(place.cluster)]);
}

/** What they follow from. */
export function trustedProxySources(context: ServiceContext): string[] {
  return trustedProxiesOf(context).length === 0 ? [] : [`pool/${context.pool.id}`];
}
