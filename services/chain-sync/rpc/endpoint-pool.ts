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

export interface EndpointPool {
  readonly endpoints: readonly Endpoint[];
  /**
   * Does `work` with the best endpoint, and with the next best when that one fails, until one succeeds or none is left to ask;
   * waits up to `patienceMs` in all for resting ones. Throws NoEndpoint then. Faults are written down at their endpoint.
   */
  use<T>(work: (endpoint: Endpoint) => Promise<T>, patienceMs: number, signal: AbortSignal): Promise<T>;
}

export interface PoolHooks {
  /** Checks that the endpoint serves this chain; throws EndpointFault('wrong_chain') when it does not. */
  admit(endpoint: Endpoint): Promise<void>;
  onFault(endpoint: Endpoint, fault: EndpointFault): void;
}

/** Endpoints of one network, in the catalog's order of preference. */
export function createEndpointPool(endpoints: readonly Endpoint[], hooks: PoolHooks, now: () => number = () => performance.now()): EndpointPool {
  return {
    endpoints,
    use: async (work, patienceMs, signal) => {
      const deadline = now() + patienceMs;
      let failed: ReadonlySet<Endpoint> = new Set();
      for (;;) {
        signal.throwIfAborted();
        const endpoint = bestOf(endpoints, failed, now());
        if (endpoint === undefined) {
          // All were asked, or rest: a second round starts when the first of them is available, if that is soon enough.
          const nextAt = Math.max(now() + roundMs, Math.min(...endpoints.map((each) => each.availableAtMs())));
          if (endpoints.length === 0 || nextAt > deadline) throw new NoEndpoint(endpoints);
          await sleep(nextAt - now(), undefined, { signal });
          failed = new Set();
          continue;
        }
        const ways = waysOf(endpoint);
        endpoint.inFlight++;
        try {
          if (!endpoint.admitted) {
            await hooks.admit(endpoint);
            endpoint.admitted = true;
          }
          return await work(endpoint);
        } catch (error) {
          const fault = faultOf(error);
          if (fault === undefined) throw error;
          endpoint.failed(fault);
          hooks.onFault(endpoint, fault);
          // Asked for less, or in another way, the same endpoint may well answer.
          const learnt = waysOf(endpoint) !== ways && (fault.kind === 'too_large' || fault.kind === 'unsupported');
          if (!learnt) failed = new Set([...failed, endpoint]);
        } finally {
          endpoint.inFlight--;
        }
      }
    },
  };
}

/** The free endpoint with the most room, then the fastest; an untried one counts as fast, so that every one gets known. */
function bestOf(endpoints: readonly Endpoint[], failed: ReadonlySet<Endpoint>, nowMs: number): Endpoint | undefined {
  let best: Endpoint | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const endpoint of endpoints) {
    if (failed.has(endpoint) || endpoint.availableAtMs() > nowMs) continue;
    const score = ((endpoint.inFlight + 1) / endpoint.appetite().inFlight) * ((endpoint.latencyMs() ?? 0) + 5);
    if (score < bestScore) [best, bestScore] = [endpoint, score];
  }
  return best;
}

function waysOf(endpoint: Endpoint): string {
  return `${endpoint.appetite().blocks} ${endpoint.batches} ${endpoint.blockReceipts}`;
}

function faultOf(error: unknown): EndpointFault | undefined {
  if (error instanceof EndpointFault) return error;
  if (error instanceof BadAnswer) return new EndpointFault('bad_answer', error.message, { cause: error });
  return undefined;
}
