import type { Decimal, Hex } from './block.ts';
import type { BlockAppended, BlockRetracted, BlocksFinalized, ChainEvent, LogAppended, TxAppended } from './changes.ts';

/** Of a retraction, as each becomes a row: far above what fits a block. */
const rowsMax = 10_000_000;
const finalBlocksMax = 1_000_000;
/** The columns of the timeseries store: DateTime ends in 2106, a type has one byte. */
const timestampMax = 2 ** 32 - 1;
const typeMax = 255;
const digitsSafe = 77;
const wordMax = 2n ** 256n - 1n;

/**
 * Reads a message of the topic chain.blocks. Its producer may be of another version: what it says beyond what is known here is
 * passed over, and what is missing or of another form is refused, as are values that the tables would not hold.
 * Throws TypeError that says where and what: `txs[3].gasUsed: "-1" is not a decimal of 256 bits`.
 */
export function parseChainEvent(value: unknown): ChainEvent {
  const event = objectOf(value, 'the event');
  switch (event.kind) {
    case 'appended':
      return parseAppended(event);
    case 'retracted':
      return parseRetracted(event);
    case 'finalized':
      return parseFinalized(event);
    default:
      throw wrong('kind', event.kind, 'appended, retracted or finalized');
  }
}

type Fields = Readonly<Record<string, unknown>>;

function parseAppended(event: Fields): BlockAppended {
  return {
    kind: 'appended',
    ...placeOf(event),
    ...blockOf(event),
    gasLimit: decimalOf(event.gasLimit, 'gasLimit'),
    gasUsed: decimalOf(event.gasUsed, 'gasUsed'),
    baseFeePerGas: optional(decimalOf, event.baseFeePerGas, 'baseFeePerGas'),
    txs: eachOf(event.txs, 'txs', parseTx),
    logs: eachOf(event.logs, 'logs', parseLog),
  };
}

function parseRetracted(event: Fields): BlockRetracted {
  return {
    kind: 'retracted',
    ...placeOf(event),
    ...blockOf(event),
    txCount: integerOf(event.txCount, 'txCount', rowsMax),
    logCount: integerOf(event.logCount, 'logCount', rowsMax),
  };
}

function parseFinalized(event: Fields): BlocksFinalized {
  const number = integerOf(event.number, 'number');
  const fromNumber = optional(integerOf, event.fromNumber, 'fromNumber');
  if (fromNumber !== null && (fromNumber > number || number - fromNumber >= finalBlocksMax))
    throw wrong('fromNumber', fromNumber, `at most ${finalBlocksMax} blocks up to ${number}`);
  return {
    kind: 'finalized',
    ...placeOf(event),
    number,
    fromNumber,
    observedAtMs: integerOf(event.observedAtMs, 'observedAtMs'),
  };
}

function placeOf(event: Fields): { network: string; seq: number } {
  const { network } = event;
  if (typeof network !== 'string' || network === '') throw wrong('network', network, 'the id of a network');
  return { network, seq: integerOf(event.seq, 'seq') };
}

function blockOf(event: Fields): { number: number; hash: Hex; timestamp: number } {
  return {
    number: integerOf(event.number, 'number'),
    hash: wordOf(event.hash, 'hash'),
    timestamp: integerOf(event.timestamp, 'timestamp', timestampMax),
  };
}

function parseTx(tx: Fields, at: number): TxAppended {
  return {
    index: indexOf(tx.index, 'index', at),
    hash: wordOf(tx.hash, 'hash'),
    type: integerOf(tx.type, 'type', typeMax),
    sender: addressOf(tx.sender, 'sender'),
    recipient: optional(addressOf, tx.recipient, 'recipient'),
    value: decimalOf(tx.value, 'value'),
    method: optional(methodOf, tx.method, 'method'),
    status: optional(statusOf, tx.status, 'status'),
    gasUsed: decimalOf(tx.gasUsed, 'gasUsed'),
    effectiveGasPrice: optional(decimalOf, tx.effectiveGasPrice, 'effectiveGasPrice'),
    l1Fee: optional(decimalOf, tx.l1Fee, 'l1Fee'),
    contractAddress: optional(addressOf, tx.contractAddress, 'contractAddress'),
  };
}

function parseLog(log: Fields, at: number): LogAppended {
  const topics = listOf(log.topics, 'topics');
  if (topics.length > 4) throw wrong('topics', topics.length, 'at most 4');
  return {
    index: indexOf(log.index, 'index', at),
    txIndex: integerOf(log.txIndex, 'txIndex', rowsMax),
    address: addressOf(log.address, 'address'),
    topics: topics.map((topic, place) => wordOf(topic, topicNames[place] as string)),
    data: bytesOf(log.data, 'data'),
  };
}

const topicNames = ['topics[0]', 'topics[1]', 'topics[2]', 'topics[3]'];

/** The place is put before what is wrong there: a name for each value of each row would take longer than to look at the value. */
function eachOf<T>(value: unknown, where: string, parse: (fields: Fields, at: number) => T): T[] {
  return listOf(value, where).map((item, at) => {
    const fields = objectOf(item, where, at);
    try {
      return parse(fields, at);
    } catch (error) {
      if (error instanceof TypeError) error.message = `${where}[${at}].${error.message}`;
      throw error;
    }
  });
}

function optional<T>(parse: (value: unknown, where: string) => T, value: unknown, where: string): T | null {
  return value === null ? null : parse(value, where);
}

function objectOf(value: unknown, where: string, at?: number): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(at === undefined ? where : `${where}[${at}]`, value, 'an object');
  return value as Fields;
}

function listOf(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(where, value, 'a list');
  return value;
}

function integerOf(value: unknown, where: string, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max)
    throw wrong(where, value, `a whole number from 0 to ${max}`);
  return value;
}

/** Rows are taken back by counting: places must be 0, 1, 2 and so on. */
function indexOf(value: unknown, where: string, at: number): number {
  if (value !== at) throw wrong(where, value, `its place, ${at}`);
  return at;
}

function statusOf(value: unknown, where: string): 0 | 1 {
  if (value !== 0 && value !== 1) throw wrong(where, value, '0, 1 or null');
  return value;
}

function decimalOf(value: unknown, where: string): Decimal {
  if (typeof value !== 'string' || !/^(0|[1-9]\d{0,77})$/.test(value) || !fitsWord(value))
    throw wrong(where, value, 'a decimal of 256 bits');
  return value;
}

function fitsWord(digits: string): boolean {
  return digits.length <= digitsSafe || BigInt(digits) <= wordMax;
}

const wordOf = hexOf(/^0x[0-9a-f]{64}$/, '32 bytes');
const addressOf = hexOf(/^0x[0-9a-f]{40}$/, 'an address');
const methodOf = hexOf(/^0x[0-9a-f]{8}$/, '4 bytes');
const bytesOf = hexOf(/^0x(?:[0-9a-f]{2})*$/, 'bytes');

function hexOf(form: RegExp, what: string): (value: unknown, where: string) => Hex {
  return (value, where) => {
    if (typeof value !== 'string' || !form.test(value)) throw wrong(where, value, `${what} in lower-case hexadecimal`);
    return value as Hex;
  };
}

function wrong(where: string, value: unknown, expected: string): TypeError {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return new TypeError(`${where}: ${shown} is not ${expected}`);
}
