import { isLoopback } from '../../catalog/loopback.ts';

/**
 * The address with its port moved by `offset`, if it is one of this machine: what a Defimon starts itself, and a second one must
 * not take from the first. Addresses out there stay.
 */
export function movePort(url: string, offset: number): string {
  const { host, hostname, port } = new URL(url);
  if (offset === 0 || port === '' || !isLoopback(hostname)) return url;
  return url.replace(host, `${hostname}:${Number(port) + offset}`);
}
