import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Ajv } from 'ajv';
import { compareCodePoints } from '../../catalog/kinds.ts';
import { type ProcessesAnswer, type StatusAnswer, sharedAnswers } from '../contracts/admin-answers.ts';
import { describeError } from '../runtime/errors.ts';

type ProcessAnswer = ProcessesAnswer['processes'][number];

export interface ProcessesOptions {
  /** Of ops ports; undefined: this process is the only one. */
  readonly opsUrls: readonly string[] | undefined;
  /** What this process says of itself. */
  readonly ownStatus: () => Promise<StatusAnswer>;
  /** The ops address of this process. */
  readonly ownUrl: string;
  /** The digest that a process should work by, if that is known. */
  readonly expectedDigest: (status: StatusAnswer) => Promise<string | undefined>;
  readonly timeoutMs?: number;
  /** How long an answer is given again: pages of several people ask for it every few seconds. */
  readonly freshMs?: number;
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** The addresses of a host: for tests. */
  readonly addressesOf?: (host: string) => Promise<readonly string[]>;
}

/** A cluster has some dozens of pods; a wrong name must not become a flood. */
const processesMax = 500;
const bytesMax = 1024 * 1024;
const timeoutMsDefault = 2_000;

// A younger process may say more than we know, as they do while a release is rolled out: the rest of it counts.
const ajv = new Ajv({ strict: false, removeAdditional: true });
for (const schema of sharedAnswers) ajv.addSchema(schema);
const isStatus = ajv.compile<StatusAnswer>({ $ref: 'Status#' });

/** Asks all processes how they are, at the same time, each within the timeout. Whoever asks meanwhile gets the same answer. */
export function createProcesses(options: ProcessesOptions): () => Promise<ProcessesAnswer> {
  const { clock, freshMs = 1_000 } = options;
  let kept: Promise<ProcessesAnswer> | undefined;
  let keptUntil = Number.NEGATIVE_INFINITY;
  return () => {
    if (kept === undefined || clock() >= keptUntil) {
      keptUntil = Number.POSITIVE_INFINITY;
      const asked = ask(options).finally(() => {
        keptUntil = clock() + freshMs;
      });
      kept = asked;
    }
    return kept;
  };
}

async function ask(options: ProcessesOptions): Promise<ProcessesAnswer> {
  const { opsUrls, ownUrl, ownStatus, clock, timeoutMs = timeoutMsDefault } = options;
  const asOf = clock();
  const found = opsUrls === undefined ? { urls: [], problems: [] } : await resolveAll(opsUrls, options);
  const own = opsUrls === undefined ? [judge(options, ownUrl, true, await ownStatus())] : [];
  const others = found.urls.map(async (url) => {
    try {
      return await judge(options, url, false, await askOne(url, timeoutMs));
    } catch (error) {
      return unreachable(url, error);
    }
  });
  const processes = await Promise.all([...own, ...others]);
  return {
    asOf,
    processes: processes.sort((a, b) => compareCodePoints(a.address, b.address)),
    problems: found.problems,
  };
}

async function judge(
  { expectedDigest }: ProcessesOptions,
  address: string,
  self: boolean,
  status: StatusAnswer,
): Promise<ProcessAnswer> {
  const expected = (await expectedDigest(status)) ?? null;
  const inForce = status.catalog?.digest ?? null;
  return {
    ...{ address, self, reachable: true, error: null, status, expectedDigest: expected },
    asExpected: expected === null || inForce === null ? null : expected === inForce,
  };
}

function unreachable(address: string, error: unknown): ProcessAnswer {
  const reason = error instanceof Error && error.name === 'TimeoutError' ? 'no answer in time' : describeError(error);
  return {
    ...{ address, self: false, reachable: false, error: reason, status: null },
    ...{ expectedDigest: null, asExpected: null },
  };
}

async function askOne(url: string, timeoutMs: number): Promise<StatusAnswer> {
  const response = await fetch(`${url}/status`, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  if (response.status !== 200) throw new Error(`answered ${response.status} to /status: an older version?`);
  const text = await response.text();
  if (text.length > bytesMax) throw new Error(`answered ${text.length} bytes`);
  const status: unknown = JSON.parse(text);
  if (!isStatus(status)) throw new Error(`its status is not understood: ${ajv.errorsText(isStatus.errors)}`);
  return status;
}

/** Each address of each name: a headless Service's name has one for every pod. */
async function resolveAll(
  opsUrls: readonly string[],
  { addressesOf = lookupAll, timeoutMs = timeoutMsDefault }: ProcessesOptions,
): Promise<{ urls: string[]; problems: string[] }> {
  const problems: string[] = [];
  const urls = await Promise.all(
    opsUrls.map(async (text) => {
      const url = new URL(text);
      const host = url.hostname.replace(/^\[|\]$/g, '');
      if (isIP(host) !== 0) return [text];
      try {
        const addresses = await within(timeoutMs, addressesOf(host), 'its name was not resolved in time');
        return addresses.map((address) => {
          const own = new URL(url);
          own.hostname = address.includes(':') ? `[${address}]` : address;
          return own.href.replace(/\/$/, '');
        });
      } catch (error) {
        problems.push(`${text}: ${describeError(error)}`);
        return [];
      }
    }),
  );
  const each = [...new Set(urls.flat())];
  if (each.length > processesMax) problems.push(`${each.length - processesMax} more processes were not asked`);
  return { urls: each.slice(0, processesMax), problems };
}

async function lookupAll(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true });
  // A process may have one of each family.
  const first = found.filter(({ family }) => family === 4);
  return (first.length > 0 ? first : found).map(({ address }) => address);
}

/** A resolver that hangs holds up its own name alone. */
async function within<T>(ms: number, work: Promise<T>, otherwise: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(otherwise)), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
