/** What a connection listens to, and how it is told. */
export interface Subscriptions {
  readonly streams: Set<string>;
  /** Whether payloads are wrapped as `{"stream":…,"data":…}`. */
  combined: boolean;
}

/** What one frame of a client does. */
export interface ControlAnswer {
  readonly text: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

const methods = ['SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'SET_PROPERTY', 'GET_PROPERTY'];

/** Answers a frame as the exchange's document says, and changes the subscriptions. Streams that do not exist are taken too: they say nothing. */
export function answerControl(frame: string, subscriptions: Subscriptions): ControlAnswer {
  const request = read(frame);
  if (request === undefined) return refusal(3, 'Invalid JSON: expected value at line 1 column 1');
  const { id, method, params } = request;
  if (method === undefined)
    return refusal(2, `Invalid request: missing field \`method\` at line 1 column ${frame.length}`);
  if (typeof method !== 'string' || !methods.includes(method)) {
    const known = methods.map((name) => `\`${name}\``).join(', ');
    return refusal(
      2,
      `Invalid request: unknown variant \`${String(method)}\`, expected one of ${known} at line 1 column 28`,
    );
  }
  if (!isId(id)) return refusal(2, 'Invalid request: request ID must be an unsigned integer');
  const done = (result: unknown, change: Partial<ControlAnswer> = {}): ControlAnswer => ({
    text: JSON.stringify({ result, id }),
    added: [],
    removed: [],
    ...change,
  });
  switch (method) {
    case 'SUBSCRIBE':
    case 'UNSUBSCRIBE': {
      if (!Array.isArray(params) || !params.every((name) => typeof name === 'string' && name !== '')) {
        return refusal(2, 'Invalid request: invalid stream', id);
      }
      const { streams } = subscriptions;
      const names = [...new Set<string>(params)].filter((name) => streams.has(name) === (method === 'UNSUBSCRIBE'));
      for (const name of names) method === 'SUBSCRIBE' ? streams.add(name) : streams.delete(name);
      return done(null, method === 'SUBSCRIBE' ? { added: names } : { removed: names });
    }
    case 'LIST_SUBSCRIPTIONS':
      if (params !== undefined) return refusal(2, 'Invalid request: too many parameters', id);
      return done([...subscriptions.streams]);
    case 'GET_PROPERTY':
      if (!Array.isArray(params) || params[0] !== 'combined') return refusal(0, 'Unknown property', id);
      return done(subscriptions.combined);
    default: {
      if (!Array.isArray(params) || params[0] !== 'combined') return refusal(0, 'Unknown property', id);
      const [, combined] = params as unknown[];
      if (typeof combined !== 'boolean') return refusal(1, 'Invalid value type: expected Boolean');
      subscriptions.combined = combined;
      return done(null);
    }
  }
}

interface Request {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
}

function read(frame: string): Request | undefined {
  try {
    const value: unknown = JSON.parse(frame);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A whole number of 64 bits, alphanumeric text of at most 36 characters, or null. */
function isId(id: unknown): boolean {
  return id === null || Number.isInteger(id) || (typeof id === 'string' && /^[\w-]{1,36}$/.test(id));
}

function refusal(code: number, msg: string, id?: unknown): ControlAnswer {
  return { text: JSON.stringify(id === undefined ? { code, msg } : { code, msg, id }), added: [], removed: [] };
}
