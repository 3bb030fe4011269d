import { EndpointFault, type FaultKind } from './fault.ts';

/** What may be asked of an endpoint at once, learnt from its answers. */
export interface Appetite {
  /** Blocks in one batch. */
  readonly blocks: number;
  /** Batches in flight. */
  readonly inFlight: number;
}

/** What health pages say of one endpoint. The host, never the URL: its path may carry a key. */
export interface EndpointReport {
  readonly host: string;
  readonly state: 'untried' | 'up' | 'resting' | 'refused';
  /** Why it rests or is refused, in its own words where it gave any. */
  readonly reason: string | null;
  readonly requests: number;
  readonly errors: number;
  readonly latencyMs: number | null;
  readonly head: number | null;
}

/** One RPC endpoint with its circuit breaker and its appetite. All times are milliseconds of `now()`. */
export interface Endpoint {
  readonly url: string;
  readonly host: string;
  /** Has passed the identity check (chain id and genesis) since it was last refused or unreachable. */
  admitted: boolean;
  /** False once it said that it does not know `eth_getBlockReceipts`. */
  blockReceipts: boolean;
  /** False once it refused batches: calls go one by one. */
  batches: boolean;
  /** The head it last told. */
  head: number | undefined;
  inFlight: number;
  appetite(): Appetite;
  /** When it may be asked again; in the past when it may be asked now. */
  availableAtMs(): number;
  latencyMs(): number | undefined;
  succeeded(sample: { tookMs: number; bytes: number; blocks: number }): void;
  failed(fault: EndpointFault): void;
  report(): EndpointReport;
}

const restMinMs = 500;
const restMaxMs = 60_000;
/** A wrong chain is a matter of configuration: asking again soon cannot help, but an operator may mend it behind the same URL. */
const refusedMs = 30_000;
const inFlightStart = 2;
const inFlightMax = 6;
const batchStart = 16;
/** A batch that takes longer than this makes the head wait behind it; a shorter one may grow. */
const batchTargetMs = 1_000;
const batchBytesMax = 24 * 1024 * 1024;

const restsLonger: ReadonlySet<FaultKind> = new Set(['unreachable', 'timeout', 'server_error', 'forbidden', 'garbled', 'wrong_ids', 'bad_answer', 'rpc_error']);
const asksForLess: ReadonlySet<FaultKind> = new Set(['too_large', 'timeout', 'garbled', 'wrong_ids', 'unreachable']);

/** `blocksMax` bounds a batch (L2_BATCH_SIZE, or less where the catalog knows a smaller limit). */
export function createEndpoint(url: string, blocksMax: number, now: () => number = () => performance.now()): Endpoint {
  let blocks = Math.min(batchStart, blocksMax);
  let ceiling = blocksMax;
  let inFlightAllowed = inFlightStart;
  let successes = 0;
  let failuresInARow = 0;
  let restUntil = 0;
  let refused = false;
  let reason: string | null = null;
  let requests = 0;
  let errors = 0;
  let latency: number | undefined;

  const endpoint: Endpoint = {
    url,
    host: new URL(url).host,
    admitted: false,
    blockReceipts: true,
    batches: true,
    head: undefined,
    inFlight: 0,
    appetite: () => ({ blocks: endpoint.batches ? blocks : Math.min(blocks, 4), inFlight: inFlightAllowed }),
    availableAtMs: () => restUntil,
    latencyMs: () => latency,
    succeeded: ({ tookMs, bytes, blocks: asked }) => {
      requests++;
      failuresInARow = 0;
      refused = false;
      reason = null;
      latency = latency === undefined ? tookMs : latency * 0.8 + tookMs * 0.2;
      if (asked < blocks) return;
      if (tookMs > 4 * batchTargetMs || bytes > batchBytesMax) blocks = Math.max(1, Math.floor(blocks * 0.7));
      else if (tookMs < batchTargetMs && bytes < batchBytesMax / 2) blocks = Math.min(ceiling, Math.ceil(blocks * 1.5));
      if (++successes % 4 === 0) inFlightAllowed = Math.min(inFlightMax, inFlightAllowed + 1);
    },
    failed: (fault) => {
      requests++;
      errors++;
      reason = `${fault.kind}: ${fault.message}`;
      successes = 0;
      if (asksForLess.has(fault.kind)) {
        if (fault.sizeMax !== undefined) ceiling = Math.max(1, Math.min(ceiling, fault.sizeMax));
        blocks = Math.max(1, Math.min(ceiling, Math.floor(blocks / 2)));
      }
      if (fault.kind === 'rate_limited') {
        inFlightAllowed = Math.max(1, Math.floor(inFlightAllowed / 2));
        restUntil = Math.max(restUntil, now() + Math.min(fault.retryAfterMs ?? 1_000, 10 * restMaxMs));
      }
      if (fault.kind === 'wrong_chain') {
        refused = true;
        endpoint.admitted = false;
        restUntil = now() + refusedMs;
      }
      if (restsLonger.has(fault.kind)) {
        inFlightAllowed = inFlightStart;
        // Whatever came back after a failure may be another node or another chain: its identity is checked anew.
        endpoint.admitted = false;
        const backoff = Math.min(restMaxMs, restMinMs * 2 ** failuresInARow++);
        // Jitter, so that many networks behind one provider do not come back in one moment.
        restUntil = now() + (fault.retryAfterMs ?? backoff * (0.75 + Math.random() / 2));
      }
    },
    report: () => ({
      host: endpoint.host,
      state: refused ? 'refused' : restUntil > now() || failuresInARow > 0 ? 'resting' : requests === 0 ? 'untried' : 'up',
      reason,
      requests,
      errors,
      latencyMs: latency === undefined ? null : Math.round(latency),
      head: endpoint.head ?? null,
    }),
  };
  return endpoint;
}
