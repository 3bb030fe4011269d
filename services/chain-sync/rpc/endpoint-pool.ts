import { setTimeout as sleep } from 'node:timers/promises';
import { BadAnswer } from '../evm/bad-answer.ts';
import type { Endpoint } from './endpoint.ts';
import { EndpointFault } from './fault.ts';

/** A round over all endpoints that failed is not repeated at once. */
const roundMs = 250;

/** No endpoint of a network would answer now. `reasons` says why, endpoint by endpoint. */
export class NoEndpoint extends Error {
  override readonly name = 'NoEndpoint';
  readonly reasons: readonly string[];

  constructor(endpoints: readonly Endpoint[]) {
    const reasons = endpoints.map((each) => `${each.host}: ${each.report().reason ?? 'not asked yet'}`);
    super(reasons.length === 0 ? 'no endpoint in the catalog' : reasons.join('; '));
    this.reasons = reasons;
  }
}

export interface Wish {
  /** Endpoints that cannot have what is wanted are not asked for it. */
  suits(endpoint: Endpoint): boolean;
  /** How long to wait in all for resting ones. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/** Endpoints of one network, in the catalog's order of preference. Faults are written down at their endpoint. */
export interface EndpointPool {
  readonly endpoints: readonly Endpoint[];
  /** Does `work` with one endpoint, once it has passed the identity check; again when it says how it wants to be asked. */
  ask<T>(endpoint: Endpoint, work: () => Promise<T>): Promise<T>;
  /**
   * Does `work` with every endpoint that may be asked now: the results that came until `graceMs` after the first, in the
   * endpoints' order. One that hangs is not asked again before its answer. Throws NoEndpoint when none gave a result.
   */
  askAll<T>(work: (endpoint: Endpoint) => Promise<T>, graceMs: number, signal: AbortSignal): Promise<T[]>;
  /** Does `work` with the best endpoint that suits, and with the next best when that one fails. Throws NoEndpoint. */
  use<T>(work: (endpoint: Endpoint) => Promise<T>, wish: Wish): Promise<T>;
}

export interface PoolHooks {
  /** Checks that the endpoint serves this chain and calls its `admit`; throws EndpointFault('wrong_chain') when it does not. */
  admit(endpoint: Endpoint): Promise<void>;
  onFault(endpoint: Endpoint, fault: EndpointFault): void;
}

export function createEndpointPool(
  endpoints: readonly Endpoint[],
  hooks: PoolHooks,
  now: () => number = () => performance.now(),
): EndpointPool {
  const admissions = new Map<Endpoint, Promise<void>>();
  const hanging = new Set<Endpoint>();
  // Several asks wait for one admission, and its fault is one fault.
  const noted = new WeakSet<EndpointFault>();

  function admit(endpoint: Endpoint): Promise<void> {
    const running = admissions.get(endpoint) ?? hooks.admit(endpoint).finally(() => admissions.delete(endpoint));
    admissions.set(endpoint, running);
    return running;
  }

  async function ask<T>(endpoint: Endpoint, work: () => Promise<T>): Promise<T> {
    for (;;) {
      const before = endpoint.appetite();
      try {
        if (!endpoint.admitted) await admit(endpoint);
        return await work();
      } catch (error) {
        const fault = faultOf(error);
        if (fault === undefined) throw error;
        const after = endpoint.appetite();
        const wantsLess = after.blocks < before.blocks || after.calls < before.calls;
        const learnt = wantsLess && (fault.kind === 'too_large' || fault.kind === 'no_batches');
        if (!noted.has(fault)) {
          noted.add(fault);
          endpoint.failed(fault, !learnt);
          hooks.onFault(endpoint, fault);
        }
        if (!learnt) throw fault;
      }
    }
  }

  async function askAll<T>(
    work: (endpoint: Endpoint) => Promise<T>,
    graceMs: number,
    signal: AbortSignal,
  ): Promise<T[]> {
    signal.throwIfAborted();
    const asked = endpoints.filter((each) => each.availableAtMs() <= now() && !hanging.has(each));
    const results = new Map<Endpoint, T>();
    let unexpected: { error: unknown } | undefined;
    await new Promise<void>((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      let left = asked.length;
      if (left === 0) resolve();
      for (const endpoint of asked) {
        hanging.add(endpoint);
        ask(endpoint, () => work(endpoint))
          .then(
            (result) => {
              results.set(endpoint, result);
              timer ??= setTimeout(resolve, graceMs);
            },
            (error: unknown) => {
              if (!(error instanceof EndpointFault)) unexpected = { error };
            },
          )
          .finally(() => {
            hanging.delete(endpoint);
            if (--left > 0) return;
            clearTimeout(timer);
            resolve();
          });
      }
    });
    signal.throwIfAborted();
    if (results.size === 0) throw unexpected === undefined ? new NoEndpoint(endpoints) : unexpected.error;
    return endpoints.flatMap((endpoint) => (results.has(endpoint) ? [results.get(endpoint) as T] : []));
  }

  async function use<T>(work: (endpoint: Endpoint) => Promise<T>, { suits, patienceMs, signal }: Wish): Promise<T> {
    const deadline = now() + patienceMs;
    let failed: ReadonlyMap<Endpoint, EndpointFault> = new Map();
    for (;;) {
      signal.throwIfAborted();
      const suitable = endpoints.filter(suits);
      const endpoint = bestOf(suitable, failed, now());
      if (endpoint === undefined) {
        // All were asked, or rest: a second round starts when the first of them is available, if that is soon enough.
        // One that has not got it will not have it in a moment.
        const hopeful = suitable.filter((each) => failed.get(each)?.kind !== 'missing');
        const nextAt = Math.max(now() + roundMs, Math.min(...hopeful.map((each) => each.availableAtMs())));
        if (hopeful.length === 0 || nextAt > deadline) throw new NoEndpoint(endpoints);
        await sleep(nextAt - now(), undefined, { signal });
        failed = new Map([...failed].filter(([, fault]) => fault.kind === 'missing'));
        continue;
      }
      endpoint.inFlight++;
      try {
        const result = await ask(endpoint, () => work(endpoint));
        endpoint.proved();
        return result;
      } catch (error) {
        if (!(error instanceof EndpointFault)) throw error;
        failed = new Map([...failed, [endpoint, error]]);
      } finally {
        endpoint.inFlight--;
      }
    }
  }

  return { endpoints, ask, askAll, use };
}

/** The free endpoint with the most room, then the fastest; an untried one counts as fast, so that every one gets known. */
function bestOf(
  endpoints: readonly Endpoint[],
  failed: ReadonlyMap<Endpoint, unknown>,
  nowMs: number,
): Endpoint | undefined {
  let best: Endpoint | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const endpoint of endpoints) {
    if (failed.has(endpoint) || endpoint.availableAtMs() > nowMs) continue;
    const score = ((endpoint.inFlight + 1) / endpoint.appetite().inFlight) * ((endpoint.latencyMs() ?? 0) + 5);
    if (score < bestScore) [best, bestScore] = [endpoint, score];
  }
  return best;
}

function faultOf(error: unknown): EndpointFault | undefined {
  if (error instanceof EndpointFault) return error;
  if (error instanceof BadAnswer) return new EndpointFault('bad_answer', error.message, { cause: error });
  return undefined;
}
