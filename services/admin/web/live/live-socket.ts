/** How a live connection stands. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly sinceMs: number }
  /** It ended, or what came last is too long ago; it is being opened again. */
  | { readonly kind: 'away'; readonly sinceMs: number }
  /** Something came that this page does not understand: what it shows may lack what happened since. */
  | { readonly kind: 'unreadable'; readonly sinceMs: number; readonly reason: string };

/** Whether what came over it before is not live any more. */
export function isBroken({ kind }: Connection): boolean {
  return kind === 'away' || kind === 'unreadable';
}

/** What is asked for on a connection, and asked for again on each new one. */
export interface Wanted {
  /** Names it among the others: the one before of the same name is replaced. */
  readonly key: string;
  /** The message that asks for it, made anew each time: it may say where to go on. */
  readonly subscribe: () => object;
  readonly unsubscribe: () => object;
  readonly onMessage: (message: Readonly<Record<string, unknown>>) => void;
  /** Whether a message is for it. */
  readonly isFor: (message: Readonly<Record<string, unknown>>) => boolean;
}

export interface LiveSocket {
  /** Asks for it now and after each loss of the connection. Returns how to end that. */
  want(wanted: Wanted): () => void;
  connection(): Connection;
  onConnection(listener: () => void): () => void;
  close(): void;
}

export interface LiveSocketDeps {
  readonly open: () => WebSocket;
  readonly clock: () => number;
  readonly random: () => number;
}

const pingMs = 5_000;
/** A ping is not answered for so long, and nothing else came: the connection is held to be dead. */
const silentMs = 9_000;
/** The same after the page or its machine slept: then it is most likely dead, and what is shown is old. */
const silentAfterSleepMs = 2_000;
const backoffMinMs = 300;
const backoffMaxMs = 8_000;

/** One WebSocket that is kept open for as long as somebody wants something of it. Its messages are JSON objects with a `type`. */
export function createLiveSocket({ open, clock, random }: LiveSocketDeps): LiveSocket {
  const wants = new Map<string, Wanted>();
  const listeners = new Set<() => void>();
  let socket: WebSocket | undefined;
  let connection: Connection = { kind: 'connecting' };
  let failures = 0;
  /** When the last message came, on whichever connection. */
  let heardAtMs = clock();
  /** Since when an answer is awaited on this one: to the connection itself, or to a ping. Timers rest in a page out of view. */
  let askedAtMs: number | undefined;
  let beatAtMs = heardAtMs;
  let isUnreadable = false;
  let probe: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  const heartbeat = setInterval(beat, pingMs);

  function tell(next: Connection): void {
    if (next.kind === connection.kind) return;
    connection = next;
    for (const listener of listeners) listener();
  }

  function connect(): void {
    clearTimeout(retry);
    if (closed || socket !== undefined) return;
    const own = open();
    socket = own;
    askedAtMs = clock();
    isUnreadable = false;
    own.onopen = () => {
      for (const wanted of wants.values()) own.send(JSON.stringify(wanted.subscribe()));
    };
    own.onmessage = ({ data }) => {
      if (own !== socket) return;
      heardAtMs = clock();
      askedAtMs = undefined;
      failures = 0;
      // Only now: a proxy may open a connection whose other end is away.
      if (!isUnreadable) tell({ kind: 'open', sinceMs: heardAtMs });
      try {
        dispatch(String(data));
      } catch (error) {
        isUnreadable = true;
        const reason = error instanceof Error ? error.message : String(error);
        tell({ kind: 'unreadable', sinceMs: heardAtMs, reason });
      }
    };
    own.onclose = () => {
      if (own === socket) lose();
    };
    // A failed connection closes too.
    own.onerror = () => undefined;
  }

  function dispatch(text: string): void {
    const message: unknown = JSON.parse(text);
    if (typeof message !== 'object' || message === null) return;
    const fields = message as Readonly<Record<string, unknown>>;
    for (const wanted of [...wants.values()]) if (wanted.isFor(fields)) wanted.onMessage(fields);
  }

  function lose(): void {
    socket = undefined;
    clearTimeout(probe);
    tell({ kind: 'away', sinceMs: heardAtMs });
    if (closed) return;
    const delayMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** failures++) * (0.5 + random() / 2);
    retry = setTimeout(connect, delayMs);
  }

  /** Gives a connection up that does not say that it ended. */
  function drop(own: WebSocket): void {
    if (own !== socket) return;
    lose();
    own.close();
  }

  function beat(): void {
    const now = clock();
    const hasSlept = now - beatAtMs > 3 * pingMs;
    beatAtMs = now;
    const own = socket;
    if (own === undefined) return;
    if (askedAtMs !== undefined && now - askedAtMs > silentMs) {
      drop(own);
      return;
    }
    if (own.readyState !== WebSocket.OPEN) return;
    askedAtMs ??= now;
    own.send(JSON.stringify({ op: 'ping' }));
    if (!hasSlept) return;
    clearTimeout(probe);
    probe = setTimeout(() => {
      if (askedAtMs !== undefined) drop(own);
    }, silentAfterSleepMs);
  }

  connect();
  return {
    want: (wanted) => {
      const before = wants.get(wanted.key);
      wants.set(wanted.key, wanted);
      if (socket?.readyState === WebSocket.OPEN) {
        if (before !== undefined) socket.send(JSON.stringify(before.unsubscribe()));
        socket.send(JSON.stringify(wanted.subscribe()));
      }
      return () => {
        if (wants.get(wanted.key) !== wanted) return;
        wants.delete(wanted.key);
        if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(wanted.unsubscribe()));
      };
    },
    connection: () => connection,
    onConnection: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => {
      closed = true;
      clearInterval(heartbeat);
      clearTimeout(retry);
      clearTimeout(probe);
      socket?.close();
    },
  };
}
