import { decimalLengthMax } from '../../datasets/market/decimal.ts';
import { canonicalLevelsOf } from '../../datasets/market/order-book-levels.ts';
import type { GarbageMessage, StreamMessage } from './parse-message.ts';

const symbolPattern = /"(?:stream|s)"\s*:\s*"([^"@\\]{1,60})[@"]/;
const kindPattern = /"(?:stream|e)"\s*:\s*"(?:[^"@\\]{1,60}@)?([A-Za-z]+)/;
const decimalPattern = /^[0-9]+(?:\.[0-9]+)?$/;

/** Any JSON that a stream may carry: whatever order its fields have, whatever else it holds. Never throws. */
export function parseMessageJson(text: string): StreamMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return garbage(symbolPattern.exec(text)?.[1], 'no JSON', kindOf(kindPattern.exec(text)?.[1]));
  }
  if (!isObject(json)) return garbage(undefined, 'no JSON object');
  if (typeof json.stream !== 'string') return parseEvent(json);
  const [symbol, stream] = json.stream.split('@');
  if (!isObject(json.data)) return garbage(symbol, 'a message without data', kindOf(stream));
  const message = parseEvent(json.data);
  return message.kind === 'garbage' && message.symbol === undefined
    ? garbage(symbol, message.reason, message.of)
    : message;
}

function parseEvent(data: Fields): StreamMessage {
  if (data.e === undefined) {
    if ('result' in data || 'error' in data || 'code' in data) return parseAnswer(data);
    return 'u' in data && 'B' in data && 'A' in data ? parseTicker(data) : { kind: 'ignored', event: undefined };
  }
  switch (data.e) {
    case 'depthUpdate':
      return parseDepth(data);
    case 'bookTicker':
      return parseTicker(data);
    case 'trade':
      return parseTrade(data, 't');
    case 'aggTrade':
      return parseTrade(data, 'a');
    case 'serverShutdown':
      return { kind: 'control', control: 'serverShutdown' };
    default:
      return { kind: 'ignored', event: String(data.e) };
  }
}

function parseAnswer(data: Fields): StreamMessage {
  const failure = isObject(data.error) ? data.error : 'code' in data ? data : undefined;
  return {
    kind: 'control',
    control: 'answer',
    id: typeof data.id === 'number' || typeof data.id === 'string' ? data.id : undefined,
    error: failure === undefined ? undefined : `${String(failure.code)}: ${String(failure.msg)}`,
  };
}

function parseDepth(data: Fields): StreamMessage {
  const { s: symbol, U: firstUpdateId, u: lastUpdateId, pu: previousUpdateId, E: eventTimeMs } = data;
  if (!isSymbol(symbol)) return garbage(undefined, 'a depthUpdate without a symbol (s)', 'depth');
  if (!isInteger(firstUpdateId)) return garbage(symbol, 'a depthUpdate whose U is no integer', 'depth');
  if (!isInteger(lastUpdateId)) return garbage(symbol, 'a depthUpdate whose u is no integer', 'depth');
  if (previousUpdateId !== undefined && !isInteger(previousUpdateId))
    return garbage(symbol, 'a depthUpdate whose pu is no integer', 'depth');
  if (!isInteger(eventTimeMs)) return garbage(symbol, 'a depthUpdate whose E is no integer', 'depth');
  if (firstUpdateId > lastUpdateId) return garbage(symbol, 'a depthUpdate whose U is beyond its u', 'depth');
  const bids = canonicalLevelsOf(data.b);
  if (bids === undefined) return garbage(symbol, 'a depthUpdate whose bids (b) are no levels', 'depth');
  const asks = canonicalLevelsOf(data.a);
  if (asks === undefined) return garbage(symbol, 'a depthUpdate whose asks (a) are no levels', 'depth');
  return { kind: 'depth', symbol, firstUpdateId, lastUpdateId, previousUpdateId, eventTimeMs, bids, asks };
}

function parseTicker(data: Fields): StreamMessage {
  const { s: symbol, u: updateId, E: eventTimeMs, b: bid, B: bidSize, a: ask, A: askSize } = data;
  if (!isSymbol(symbol)) return garbage(undefined, 'a bookTicker without a symbol (s)', 'ticker');
  if (!isInteger(updateId)) return garbage(symbol, 'a bookTicker whose u is no integer', 'ticker');
  if (eventTimeMs !== undefined && !isInteger(eventTimeMs))
    return garbage(symbol, 'a bookTicker whose E is no integer', 'ticker');
  if (!isDecimal(bid) || !isDecimal(bidSize) || !isDecimal(ask) || !isDecimal(askSize))
    return garbage(symbol, 'a bookTicker whose b, B, a or A is no decimal', 'ticker');
  return { kind: 'ticker', symbol, updateId, eventTimeMs, bid, bidSize, ask, askSize };
}

function parseTrade(data: Fields, idField: 't' | 'a'): StreamMessage {
  const { s: symbol, E: eventTimeMs, T: tradeTimeMs, p: price, q: size, m: buyerIsMaker } = data;
  const tradeId = data[idField];
  if (!isSymbol(symbol)) return garbage(undefined, 'a trade without a symbol (s)', 'trade');
  if (!isInteger(tradeId)) return garbage(symbol, `a trade whose ${idField} is no integer`, 'trade');
  if (!isInteger(eventTimeMs) || !isInteger(tradeTimeMs))
    return garbage(symbol, 'a trade whose E or T is no integer', 'trade');
  if (!isDecimal(price) || !isDecimal(size)) return garbage(symbol, 'a trade whose p or q is no decimal', 'trade');
  if (typeof buyerIsMaker !== 'boolean') return garbage(symbol, 'a trade whose m is no boolean', 'trade');
  return { kind: 'trade', symbol, tradeId, eventTimeMs, tradeTimeMs, price, size, buyerIsMaker };
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && value.length <= decimalLengthMax && decimalPattern.test(value);
}

function isSymbol(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** By the name of an event or of a stream. */
function kindOf(name: string | undefined): GarbageMessage['of'] {
  if (name === undefined) return undefined;
  if (name.startsWith('depth')) return 'depth';
  if (name === 'bookTicker') return 'ticker';
  return name === 'trade' || name === 'aggTrade' ? 'trade' : undefined;
}

/** `symbol` as it was found: in capitals in an event, in small letters in a stream's name. */
export function garbage(symbol: string | undefined, reason: string, of?: GarbageMessage['of']): GarbageMessage {
  return { kind: 'garbage', symbol: symbol?.toUpperCase(), of, reason };
}
