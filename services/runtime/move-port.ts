/**
 * The address with its port moved by `offset`, if it is one of this machine: what a Defimon starts itself, and a second one must
 * not take from the first. Addresses out there stay.
 */
export function movePort(url: string, offset: number): string {
  const { host, hostname, port } = new URL(url);
  if (offset === 0 || port === '' || !isOfThisMachine(hostname)) return url;
  return url.replace(host, `${hostname}:${Number(port) + offset}`);
}

/** `hostname` as URL writes it: an IPv6 address in brackets. */
export function isOfThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
