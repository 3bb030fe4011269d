/** How a live connection stands. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly sinceMs: number }
  /** It ended, or what came last is too long ago; it is being opened again. */
  | { readonly kind: 'away'; readonly sinceMs: number };

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
/** Nothing came for so long, not even an answer to a ping: the connection is held to be dead. */
const silentMs = 12_000;
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
  /** Since when nothing comes on this one. */
  let quietSinceMs = heardAtMs;
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
    quietSinceMs = clock();
    own.onopen = () => {
      for (const wanted of wants.values()) own.send(JSON.stringify(wanted.subscribe()));
    };
    own.onmessage = ({ data }) => {
      if (own !== socket) return;
      heardAtMs = clock();
      quietSinceMs = heardAtMs;
      failures = 0;
      // Only now: a proxy may open a connection whose other end is away.
      tell({ kind: 'open', sinceMs: heardAtMs });
      dispatch(String(data));
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
    tell({ kind: 'away', sinceMs: heardAtMs });
    if (closed) return;
    const delayMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** failures++) * (0.5 + random() / 2);
    retry = setTimeout(connect, delayMs);
  }

  function beat(): void {
    const own = socket;
    if (own === undefined) return;
    if (clock() - quietSinceMs > silentMs) {
      socket = undefined;
      own.close();
      lose();
      return;
    }
    if (own.readyState === WebSocket.OPEN) own.send(JSON.stringify({ op: 'ping' }));
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
      socket?.close();
    },
  };
}
