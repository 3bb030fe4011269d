import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Whether what stands at an address is a proxy of ours, whose X-Forwarded-For is believed. */
export type ProxyTrust = (address: string) => boolean;

/** Networks that have a name, by RFC 1122, 3927, 1918 and 4193. */
const named: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** Whether a text names proxies: an address, a network (`10.0.0.0/8`), or one of the names above. */
export function isProxyName(text: string): boolean {
  const [address = '', bits] = text.split('/');
  const bitsMax = { 4: 32, 6: 128 }[isIP(address)];
  if (bitsMax === undefined) return Object.hasOwn(named, text);
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax);
}

/** Trusts the proxies that `isProxyName` takes, and nobody else. */
export function createProxyTrust(proxies: readonly string[]): ProxyTrust {
  const list = new BlockList();
  for (const each of proxies.flatMap((proxy) => named[proxy] ?? [proxy])) {
    const [address = '', bits] = each.split('/');
    if (bits === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(bits), familyOf(address));
  }
  return (address) => isIP(address) !== 0 && list.check(address, familyOf(address));
}

/**
 * Where a request comes from: the nearest address, from our end of X-Forwarded-For, that is no proxy of ours. What a caller writes into
 * that header himself is further away, and does not count.
 */
export function callerAddress({ socket, headers }: IncomingMessage, isTrusted: ProxyTrust): string | undefined {
  const hops = [headers['x-forwarded-for']].flat().join(',').split(',').reverse();
  let caller = socket.remoteAddress;
  for (const hop of hops) {
    if (caller === undefined || !isTrusted(caller) || isIP(hop.trim()) === 0) return caller;
    caller = hop.trim();
  }
  return caller;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
