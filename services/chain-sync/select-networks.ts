import { type Following, whyNotFollowed } from '../../catalog/followed.ts';
import type { Network } from '../../catalog/schema/network.ts';

/** What decides which networks of the catalog this process syncs. */
export interface Selection extends Following {
  /** False: only endpoints on this machine are used, so that a laptop's `npm start` asks nobody outside. */
  readonly remoteEndpoints: boolean;
  /** The API key behind a `secretRef`; undefined where this process was given none. Left out: it was given no key. */
  readonly keyOf?: (secretRef: string) => string | undefined;
}

/** An endpoint that is used. */
export interface ChosenEndpoint {
  readonly rpc: Network['rpc'][number];
  /** Where calls go, with the API key in it: never shown. */
  readonly url: string;
}

/** Whether a network is synced, and where from; or the reason why it is not, for people. */
export type Decision =
  | { readonly sync: true; readonly endpoints: readonly ChosenEndpoint[] }
  | { readonly sync: false; readonly reason: string };

/** Decides for one network. Pure, so that the API, the plan and the service agree. */
export function decideSync(network: Network, selection: Selection): Decision {
  const no = (why: string): Decision => ({ sync: false, reason: why });
  const reason = whyNotFollowed(network, selection);
  if (reason !== undefined) return no(reason);
  const endpoints = network.rpc.flatMap((rpc) => chosen(rpc, selection));
  const usable = selection.remoteEndpoints ? endpoints : endpoints.filter(({ url }) => isLoopback(url));
  if (usable.length === 0 && endpoints.length > 0)
    return no('its endpoints are on the internet: start with --live to use them');
  if (usable.length === 0 && network.rpc.length > 0) return no('its RPC endpoints ask for keys that are not given');
  if (usable.length === 0) return no('it has no RPC endpoint');
  return { sync: true, endpoints: usable };
}

/** An endpoint with its key, which providers take as the last part of the path; none without the key it asks for. */
function chosen(rpc: Network['rpc'][number], { keyOf }: Selection): ChosenEndpoint[] {
  if (rpc.secretRef === undefined) return [{ rpc, url: rpc.url }];
  const key = keyOf?.(rpc.secretRef);
  return key === undefined ? [] : [{ rpc, url: `${rpc.url.replace(/\/$/, '')}/${encodeURIComponent(key)}` }];
}

/** Whether a URL points to this machine: localhost, 127.0.0.0/8 or ::1 (RFC 6761, RFC 1122). */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}

/** A node of our own: nobody's quota is used, so it is read whole and as fast as it goes. */
export function isOwnNode(urls: readonly string[]): boolean {
  return urls.every(isLoopback);
}
