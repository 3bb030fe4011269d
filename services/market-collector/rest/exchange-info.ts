/** What exchangeInfo tells of one symbol, as far as it concerns us. Steps are the exchange's decimal text. */
export interface ExchangeSymbol {
  readonly symbol: string;
  /** Spot: TRADING, HALT, BREAK, … · futures: TRADING, SETTLING, DELIVERED, … (usdm's `status`, coinm's `contractStatus`). */
  readonly status: string;
  readonly base: string;
  readonly quote: string;
  /** PERPETUAL, CURRENT_QUARTER, …; undefined on spot. */
  readonly contractType: string | undefined;
  readonly tickSize: string | undefined;
  readonly stepSize: string | undefined;
  readonly minNotional: string | undefined;
}

export interface ExchangeInfo {
  readonly symbols: readonly ExchangeSymbol[];
  /** The limit of weight that is in force. */
  readonly weightPerMinute: number | undefined;
}

const maxSymbolBytes = 1024 * 1024;
const quoteMark = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * Reads exchangeInfo as it comes. Spot's answer is several megabytes, of which JSON.parse would make a pause that every
 * stream feels; here each symbol is parsed on its own, the rest (limits) at the end, and between chunks others have their turn.
 */
export interface ExchangeInfoReader {
  /** Throws SyntaxError when what has come so far is no exchangeInfo. */
  read(chunk: Buffer): void;
  /** Throws SyntaxError when the answer is not whole. */
  finish(): ExchangeInfo;
}

export function createExchangeInfoReader(): ExchangeInfoReader {
  const symbols: ExchangeSymbol[] = [];
  // What is outside the list of symbols, with the list left empty.
  const frame: Buffer[] = [];
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let depth = 0;
  let inText = false;
  let escaped = false;
  let inSymbols = false;
  /** The last texts at the top level: `"symbols"` before the list begins. */
  let key = '';
  let keyFrom = -1;

  function endOfSymbol(part: Buffer): void {
    const text = Buffer.concat([...pending, part]).toString('utf8');
    pending = [];
    pendingBytes = 0;
    const symbol = readSymbol(JSON.parse(text));
    if (symbol !== undefined) symbols.push(symbol);
  }

  return {
    read: (chunk) => {
      let from = 0;
      if (inText && keyFrom >= 0) keyFrom = 0;
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at];
        if (inText) {
          if (escaped) escaped = false;
          else if (byte === backslash) escaped = true;
          else if (byte === quoteMark) {
            inText = false;
            if (keyFrom >= 0) key += chunk.toString('latin1', keyFrom, at);
            keyFrom = -1;
          }
        } else if (byte === quoteMark) {
          inText = true;
          if (depth === 1) {
            key = '';
            keyFrom = at + 1;
          }
        } else if (byte === openBrace || byte === openBracket) {
          depth++;
          if (byte === openBracket && depth === 2 && key === 'symbols') {
            inSymbols = true;
            frame.push(chunk.subarray(from, at + 1));
            from = at + 1;
          } else if (inSymbols && depth === 3) from = at;
        } else if (byte === closeBrace || byte === closeBracket) {
          depth--;
          if (inSymbols && depth === 2) {
            endOfSymbol(chunk.subarray(from, at + 1));
            from = at + 1;
          } else if (inSymbols && depth === 1) {
            inSymbols = false;
            from = at;
          }
        }
      }
      if (inText && keyFrom >= 0) key += chunk.toString('latin1', keyFrom);
      const rest = chunk.subarray(from);
      if (!inSymbols) frame.push(Buffer.from(rest));
      else if (depth > 2) {
        // A copy: the chunk is the socket's.
        pending.push(Buffer.from(rest));
        pendingBytes += rest.length;
        if (pendingBytes > maxSymbolBytes) throw new SyntaxError('a symbol of more than a megabyte in exchangeInfo');
      }
    },
    finish: () => {
      const answer: unknown = JSON.parse(Buffer.concat(frame).toString('utf8'));
      if (!isObject(answer) || !Array.isArray(answer.symbols)) throw new SyntaxError('exchangeInfo without symbols');
      return { symbols, weightPerMinute: weightLimitIn(answer.rateLimits) };
    },
  };
}

/** Undefined for what is no symbol: one strange entry must not cost all the others. */
function readSymbol(value: unknown): ExchangeSymbol | undefined {
  if (!isObject(value)) return undefined;
  const { symbol, baseAsset, quoteAsset, contractType } = value;
  const status = value.status ?? value.contractStatus;
  if (typeof symbol !== 'string' || typeof status !== 'string') return undefined;
  if (typeof baseAsset !== 'string' || typeof quoteAsset !== 'string') return undefined;
  const filters = Array.isArray(value.filters) ? value.filters.filter(isObject) : [];
  const filtered = (filterType: string, ...names: readonly string[]): string | undefined => {
    const filter = filters.find((one) => one.filterType === filterType);
    for (const name of names) {
      const found = filter?.[name];
      if (typeof found === 'string' || typeof found === 'number') return String(found);
    }
    return undefined;
  };
  return {
    symbol,
    status,
    base: baseAsset,
    quote: quoteAsset,
    contractType: typeof contractType === 'string' ? contractType : undefined,
    tickSize: filtered('PRICE_FILTER', 'tickSize'),
    stepSize: filtered('LOT_SIZE', 'stepSize'),
    minNotional: filtered('NOTIONAL', 'minNotional') ?? filtered('MIN_NOTIONAL', 'minNotional', 'notional'),
  };
}

function weightLimitIn(rateLimits: unknown): number | undefined {
  if (!Array.isArray(rateLimits)) return undefined;
  const found = rateLimits
    .filter(isObject)
    .find(
      ({ rateLimitType, interval, intervalNum }) =>
        rateLimitType === 'REQUEST_WEIGHT' && interval === 'MINUTE' && intervalNum === 1,
    );
  const limit = found?.limit;
  return typeof limit === 'number' && limit > 0 ? limit : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
