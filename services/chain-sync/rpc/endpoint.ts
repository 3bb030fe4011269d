import type { Hex } from '../../datasets/chain/block.ts';
import type { EndpointFault, FaultKind } from './fault.ts';
import type { TokenBucket } from './token-bucket.ts';

/** What may be asked of an endpoint at once, learnt from its answers. */
export interface Appetite {
  /** Blocks in one batch. */
  readonly blocks: number;
  /** Calls in one batch; 1: no batches. */
  readonly calls: number;
  /** Batches in flight. */
  readonly inFlight: number;
}

/** What health pages say of one endpoint. The host, never the URL: its path may carry a key. */
export interface EndpointReport {
  readonly host: string;
  readonly state: 'untried' | 'up' | 'resting' | 'refused';
  /** Its last fault of the last five minutes, in its own words where it gave any. */
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
  /** Its own budget of calls, where the catalog knows one. */
  readonly bucket: TokenBucket | undefined;
  /** Has passed the identity check since it was last refused or unreachable. */
  admitted: boolean;
  /** The hash of its block 0, by that check; null when it would not tell. */
  genesisHash: Hex | null;
  /** False once it said that it does not know `eth_getBlockReceipts`. */
  blockReceipts: boolean;
  /** False once it said that it does not know the finality tag. */
  finalityTag: boolean;
  /** The head it last told. */
  head: number | undefined;
  inFlight: number;
  appetite(): Appetite;
  /** When it may be asked again; in the past when it may be asked now. */
  availableAtMs(): number;
  /** It served another chain when it was last asked. */
  refused(): boolean;
  latencyMs(): number | undefined;
  /** Counts a request; before it goes out. */
  asked(): void;
  /** What one answer cost; `blocks` is how many were asked for, 0 when it was not blocks. */
  answered(sample: { tookMs: number; size: number; blocks: number; calls: number }): void;
  /** It said that so much at once is too much; `callsMax` is the most it takes, where it told. */
  refusesSize(asked: { blocks: number; calls: number; callsMax: number | undefined }): void;
  /** It did not get through so many blocks; fewer may do, or it was no matter of size. */
  strained(blocks: number): void;
  /** It would not take a batch. False when it has answered batches before, so that this is a passing trouble. */
  refusesBatches(): boolean;
  /** It gave something that was checked and used: its faults before that are forgiven. */
  proved(): void;
  /** It passed the identity check. */
  admit(genesisHash: Hex | null): void;
  /** Writes a fault down, and lets the endpoint rest for it unless it is to be asked again at once. */
  failed(fault: EndpointFault, rests?: boolean): void;
  /** It has not got this block, though its head is higher: its history begins above. */
  lacks(number: number): void;
  /** The lowest block it may have. */
  historyFrom(): number;
  report(): EndpointReport;
}

export interface EndpointOptions {
  /** Bounds a batch: L2_BATCH_SIZE, or less where the budget is small. */
  readonly blocksMax: number;
  /** Calls in one batch, where the catalog knows the limit. */
  readonly callsMax?: number | undefined;
  readonly bucket?: TokenBucket | undefined;
  /** The longest rest after faults in a row; a node of our own may be asked more often. */
  readonly restMaxMs?: number | undefined;
  readonly now?: () => number;
}

const restMinMs = 500;
const restMaxDefaultMs = 60_000;
const askedRestMaxMs = 600_000;
/** A wrong chain is a matter of configuration: asking again soon cannot help, but an operator may mend it behind the same URL. */
const refusedMs = 30_000;
const reasonShownMs = 300_000;
/** A node may be given its history later; until then it is not asked for it. */
const lackingMs = 600_000;
const inFlightMin = 2;
const inFlightStart = 4;
const inFlightMax = 6;
const batchStart = 20;
/** A batch that is quicker may grow; one that is slower makes the head wait behind it. */
const batchQuickMs = 500;
const batchSlowMs = 1_500;
/** Batches wait in memory until those above them are committed: a handful of this size for each network. */
const batchSizeMax = 8 * 1024 * 1024;

const losesAdmission: ReadonlySet<FaultKind> = new Set([
  'unreachable',
  'timeout',
  'server_error',
  'garbled',
  'wrong_ids',
  'bad_answer',
  'wrong_chain',
]);

export function createEndpoint(url: string, options: EndpointOptions): Endpoint {
  const now = options.now ?? (() => performance.now());
  const restMaxMs = options.restMaxMs ?? restMaxDefaultMs;
  let blocks = Math.min(batchStart, options.blocksMax);
  let calls = options.callsMax ?? Number.POSITIVE_INFINITY;
  // Below it a batch grows fast, above it slowly: as TCP's slow start, it halves where it met a limit.
  let calm = Number.POSITIVE_INFINITY;
  let batchesAnswered = 0;
  let inFlightAllowed = inFlightStart;
  let successes = 0;
  let failuresInARow = 0;
  let restUntil = Number.NEGATIVE_INFINITY;
  let refused = false;
  let lastFault: { at: number; reason: string } | undefined;
  let lacking: { to: number; until: number } | undefined;
  let requests = 0;
  let errors = 0;
  let latency: number | undefined;

  function halve(asked: number): void {
    blocks = Math.max(1, Math.min(blocks, Math.floor(asked / 2)));
  }

  function tooMany(asked: number): void {
    halve(asked);
    calm = blocks;
  }

  const endpoint: Endpoint = {
    url,
    host: new URL(url).host,
    bucket: options.bucket,
    admitted: false,
    genesisHash: null,
    blockReceipts: true,
    finalityTag: true,
    head: undefined,
    inFlight: 0,
    // Two calls a block: the block and its receipts. Without batches a few blocks at a time keep the head from waiting.
    appetite: () => ({
      blocks: calls === 1 ? Math.min(blocks, 4) : Math.max(1, Math.min(blocks, Math.floor(calls / 2))),
      calls,
      inFlight: inFlightAllowed,
    }),
    availableAtMs: () => restUntil,
    refused: () => refused,
    latencyMs: () => latency,
    asked: () => {
      requests++;
    },
    answered: ({ tookMs, size, blocks: asked, calls: askedCalls }) => {
      latency = latency === undefined ? tookMs : latency * 0.8 + tookMs * 0.2;
      if (askedCalls > 1) batchesAnswered++;
      if (asked < blocks) return;
      if (size > batchSizeMax) tooMany(asked);
      else if (tookMs > batchSlowMs) {
        // It is busy, perhaps with us: what waits at the node makes the head wait as well. Small batches in parallel keep it
        // as busy as large ones.
        if (blocks > batchStart) blocks = Math.max(batchStart, Math.floor(blocks * 0.7));
        else if (inFlightAllowed > inFlightMin) inFlightAllowed--;
        else halve(asked);
      } else if (tookMs < batchQuickMs) {
        if (size < batchSizeMax / 2)
          blocks = Math.min(options.blocksMax, blocks < calm ? Math.ceil(blocks * 1.5) : blocks + 1);
        if (++successes % 4 === 0) inFlightAllowed = Math.min(inFlightMax, inFlightAllowed + 1);
      }
    },
    refusesSize: (asked) => {
      if (asked.callsMax !== undefined && asked.callsMax < asked.calls) calls = Math.min(calls, asked.callsMax);
      else if (asked.blocks > 0) tooMany(asked.blocks);
      else if (asked.calls > 1) calls = Math.min(calls, Math.floor(asked.calls / 2));
    },
    strained: (asked) => {
      if (asked > 0) halve(asked);
    },
    refusesBatches: () => {
      if (batchesAnswered > 0) return false;
      calls = 1;
      return true;
    },
    proved: () => {
      failuresInARow = 0;
    },
    admit: (genesisHash) => {
      endpoint.admitted = true;
      endpoint.genesisHash = genesisHash;
      refused = false;
    },
    failed: (fault, rests = true) => {
      errors++;
      lastFault = { at: now(), reason: `${fault.kind}: ${fault.message}` };
      successes = 0;
      if (!rests) return;
      inFlightAllowed = fault.kind === 'rate_limited' ? Math.max(1, Math.floor(inFlightAllowed / 2)) : inFlightStart;
      // Whatever comes back after a failure may be another node or another chain: its identity is checked anew.
      if (losesAdmission.has(fault.kind)) endpoint.admitted = false;
      if (fault.kind === 'wrong_chain') refused = true;
      restUntil = Math.max(restUntil, now() + restMsAfter(fault, restUntil > now()));
    },
    lacks: (number) => {
      lacking = { to: Math.max(number, lacking?.to ?? 0), until: now() + lackingMs };
    },
    historyFrom: () => {
      if (lacking !== undefined && lacking.until < now()) lacking = undefined;
      return lacking === undefined ? 0 : lacking.to + 1;
    },
    report: () => ({
      host: endpoint.host,
      state: refused ? 'refused' : restUntil > now() ? 'resting' : requests === 0 ? 'untried' : 'up',
      reason: lastFault !== undefined && (refused || now() - lastFault.at < reasonShownMs) ? lastFault.reason : null,
      requests,
      errors,
      latencyMs: latency === undefined ? null : Math.round(latency),
      head: endpoint.head ?? null,
    }),
  };

  function restMsAfter(fault: EndpointFault, resting: boolean): number {
    if (fault.kind === 'wrong_chain') return refusedMs;
    if (fault.kind === 'missing') return 0;
    // Requests that were in flight together fail together: that is one failure.
    const failures = resting ? Math.max(0, failuresInARow - 1) : failuresInARow++;
    const backoff = Math.min(restMaxMs, restMinMs * 2 ** failures);
    // Jitter, so that many networks behind one provider do not come back in one moment.
    const own = backoff * (0.75 + Math.random() / 2);
    return Math.min(askedRestMaxMs, Math.max(own, fault.retryAfterMs ?? 0));
  }
  return endpoint;
}
