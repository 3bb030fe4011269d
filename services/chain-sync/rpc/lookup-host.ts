import dns from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';

const resolver = new dns.promises.Resolver({ timeout: 2_000, tries: 2 });
let systemTurn: Promise<unknown> = Promise.resolve();

/**
 * Finds the address of a public host by asking the name server directly. Node's own look-up blocks one of the process's four
 * threads for as long as the name server is silent: without internet a hundred endpoints would take all four for good, and
 * with them the timeseries store's. What the name server does not know may be in the hosts file, which only the system's
 * look-up reads: that is asked one name at a time. A name without a dot is the system's from the start.
 */
export const lookupHost: LookupFunction = (hostname, options, callback) => {
  if (isOfTheSystem(hostname)) {
    dns.lookup(hostname, options, callback);
    return;
  }
  findAddresses(hostname).then(
    (addresses) => {
      const [first] = addresses;
      if (first === undefined)
        callback(Object.assign(new Error(`no address for ${hostname}`), { code: 'ENOTFOUND' }), '');
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    },
    (error: NodeJS.ErrnoException) => callback(error, ''),
  );
};

/** Rejects, with the name server's reason, when the host of a URL has no address. An address itself needs no look-up. */
export async function assertHasAddress(url: string): Promise<void> {
  const { hostname } = new URL(url);
  if (isIP(hostname) === 0 && !hostname.startsWith('[') && !isOfTheSystem(hostname)) await findAddresses(hostname);
}

function isOfTheSystem(hostname: string): boolean {
  return !hostname.includes('.') || hostname.endsWith('.localhost');
}

async function findAddresses(hostname: string): Promise<dns.LookupAddress[]> {
  try {
    return (await resolver.resolve4(hostname)).map((address) => ({ address, family: 4 }));
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENODATA') return (await resolver.resolve6(hostname)).map((address) => ({ address, family: 6 }));
    if (code !== 'ENOTFOUND') throw error;
    const mine = systemTurn.then(() => dns.promises.lookup(hostname, { all: true }));
    systemTurn = mine.catch(() => undefined);
    return mine;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
