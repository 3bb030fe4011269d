/** A WebSocket, as far as a sender needs it. */
export interface Outlet {
  /** Bytes that were given to it and that the system has not taken yet. */
  readonly bufferedAmount: number;
  send(text: string, onWritten: (error?: Error) => void): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

export interface SenderLimits {
  /** What may wait to be sent before data is held back. */
  readonly bufferBytesMax: number;
  /** Data flows again once no more than this waits. */
  readonly resumeBytes: number;
  /** How long data may be held back without a break. */
  readonly slowMs: number;
}

const mebibyte = 1024 * 1024;

/** A collector that writes every five seconds makes bursts of some megabytes for who follows all pairs. */
export const senderLimits: SenderLimits = { bufferBytesMax: 8 * mebibyte, resumeBytes: mebibyte, slowMs: 30_000 };

/** What waits in all connections together, so that many slow ones cannot take the memory of the process. */
export interface SendBudget {
  waitingBytes: number;
  readonly bytesMax: number;
  /** What each connection may have waiting also when all together have too much. */
  readonly shareBytes: number;
}

const budgetBytesMax = 128 * mebibyte;

/** The shares of so many connections together are no more than what all together may have: at most twice that waits. */
export function createSendBudget(connectionsMax: number): SendBudget {
  const shareBytes = Math.min(mebibyte / 4, Math.floor(budgetBytesMax / connectionsMax));
  return { waitingBytes: 0, bytesMax: budgetBytesMax, shareBytes };
}

/** Answers to a client's own messages may pass the bound by so much: their rate is limited, and then it is not reading at all. */
const answersBytesMax = mebibyte;
/** How long a closing handshake may take. */
const closeMs = 5_000;

/** The way out of one connection, with a bound on what waits. */
export interface Sender {
  /** Whether data must be held back: from a full buffer until it has drained. */
  readonly isHeldBack: boolean;
  /** Sends `{"seq":<n>,<fields>}`; `fields` is JSON without its braces. Data is sent only while not held back. */
  send(fields: string): void;
  /** To be called now and then: gives up a client that takes nothing for too long. */
  check(): void;
  close(code: number, reason: string): void;
  /** Ends its timers; nothing is sent any more. */
  stop(): void;
}

/** `onDrained` is called when data that was held back may flow again. */
export function createSender(
  outlet: Outlet,
  limits: SenderLimits,
  budget: SendBudget,
  deps: { readonly clock: () => number; readonly onDrained: () => void },
): Sender {
  let seq = 0;
  /** What of the budget is ours. */
  let waiting = 0;
  let heldSince: number | undefined;
  let stopped = false;
  let ending: NodeJS.Timeout | undefined;

  function count(bytes: number): void {
    budget.waitingBytes += bytes - waiting;
    waiting = bytes;
  }

  function isTooMuch(): boolean {
    if (waiting > limits.bufferBytesMax) return true;
    return budget.waitingBytes > budget.bytesMax && waiting > budget.shareBytes;
  }

  function onWritten(error?: Error): void {
    if (stopped) return;
    count(outlet.bufferedAmount);
    if (error !== undefined || heldSince === undefined) return;
    if (waiting > Math.min(limits.resumeBytes, budget.shareBytes)) return;
    heldSince = undefined;
    deps.onDrained();
  }

  function close(code: number, reason: string): void {
    if (stopped) return;
    stopped = true;
    outlet.close(code, reason);
    // A client that does not read does not answer either.
    ending = setTimeout(() => outlet.terminate(), closeMs);
  }

  return {
    get isHeldBack() {
      return stopped || heldSince !== undefined;
    },
    send: (fields) => {
      if (stopped) return;
      seq += 1;
      outlet.send(`{"seq":${seq},${fields}}`, onWritten);
      count(outlet.bufferedAmount);
      if (isTooMuch()) heldSince ??= deps.clock();
      if (waiting > limits.bufferBytesMax * 2 + answersBytesMax) close(1008, 'too many messages are not read');
    },
    check: () => {
      if (heldSince !== undefined && deps.clock() - heldSince >= limits.slowMs)
        close(
          1013,
          `nothing was read for ${Math.round(limits.slowMs / 1000)} seconds: subscribe to less, or read faster`,
        );
    },
    close,
    stop: () => {
      stopped = true;
      count(0);
      clearTimeout(ending);
    },
  };
}
