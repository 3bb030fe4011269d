import { createHash } from 'node:crypto';
import type { EventFragment, ParamType } from 'ethers/abi';
import { amountsOf, findEvent } from '../../../catalog/protocol-event.ts';
import type { Protocol } from '../../../catalog/schema/protocol.ts';
import { ConfigurationError } from '../../runtime/errors.ts';

// What ClickHouse needs to decode the events of a protocol on one network: plain data, so that one query reads all of them.
// A log's words are its indexed parameters and then its data, as one line of hexadecimal; places in it are counted from 1.

/** A contract of a protocol on one network. */
export interface ContractLayout {
  readonly protocol: string;
  readonly contract: string;
  /** Lower case. */
  readonly address: string;
}

/** An event of a contract: how its logs are known, what makes one well formed, and where its amounts are. */
export interface EventLayout {
  readonly protocol: string;
  readonly contract: string;
  readonly event: string;
  readonly topic0: string;
  /** Topics after the first. */
  readonly indexed: number;
  /** Hexadecimal digits that its words have at least. */
  readonly digits: number;
  readonly checks: readonly WordCheck[];
  readonly tails: readonly Tail[];
  /** At least one: an event without amounts has one with an empty field and no place, so that it is counted. */
  readonly amounts: readonly AmountLayout[];
}

/** `zeros` digits from `at` are 0 and the next is below `below`; or, if signed, all are f and the next is 8 or above. */
interface WordCheck {
  readonly at: number;
  readonly zeros: number;
  readonly below: string;
  readonly signed: 0 | 1;
}

/**
 * A dynamic parameter: the word at `at` is where its length stands in the data, in bytes. What follows the length has room for
 * `length` elements of `bytes` bytes; `bytes` 0: there is no length. Bytes need not be filled up to a word: ethers takes them
 * without, as some contracts emit them. What is dynamic inside of it is not looked at.
 */
interface Tail {
  readonly at: number;
  readonly bytes: number;
}

interface AmountLayout {
  readonly field: string;
  /** Of its word; 0 if there is none. */
  readonly at: number;
  readonly signed: 0 | 1;
  /** Of the word with the asset's address; 0 if there is none. */
  readonly asset: number;
  /** 1 for one amount of each event, so that events are counted once. */
  readonly first: 0 | 1;
}

export interface ProtocolLayout {
  readonly protocol: string;
  readonly contracts: readonly ContractLayout[];
  readonly events: readonly EventLayout[];
  /** Of all that decides what its windows hold: rows with another one were computed from another definition. */
  readonly definition: string;
}

/** To be raised when other rows follow from the same definition: all windows are then computed anew. */
const revision = 1;
const wordDigits = 64;

/** Layouts of the protocols that have a contract on the network. */
export function layoutsOf(protocols: readonly Protocol[], network: string): ProtocolLayout[] {
  return protocols.flatMap((protocol) => layoutOf(protocol, network) ?? []);
}

function layoutOf({ id, contracts: all, events: signatures }: Protocol, network: string): ProtocolLayout | undefined {
  const here = all.filter((contract) => contract.network === network);
  if (here.length === 0) return undefined;
  const contracts = here
    .map(({ name, address }) => ({ protocol: id, contract: name, address: address.toLowerCase() }))
    .sort((a, b) => (a.address < b.address ? -1 : 1));
  const events = signatures.map((event) => eventLayoutOf(id, event));
  const text = JSON.stringify([revision, contracts, events]);
  return { protocol: id, contracts, events, definition: createHash('sha256').update(text).digest('hex').slice(0, 16) };
}

/** Throws ConfigurationError for a signature that the catalog's rules would not have let through. */
export function eventLayoutOf(protocol: string, event: Protocol['events'][number]): EventLayout {
  const fragment = findEvent(event.signature);
  if (fragment === undefined) throw new ConfigurationError(`${protocol}: "${event.signature}" is no event`);
  const { places, digits } = placesOf(fragment);
  const placed = amountsOf(fragment, event).map(({ field, asset }, index): AmountLayout => {
    const amount = placeOf(protocol, fragment, places, field);
    const of = asset === undefined ? 0 : placeOf(protocol, fragment, places, asset).at + wordDigits - 40;
    return { field, at: amount.at, signed: isSigned(amount.input), asset: of, first: index === 0 ? 1 : 0 };
  });
  return {
    protocol,
    contract: event.contract,
    event: fragment.name,
    topic0: fragment.topicHash,
    indexed: fragment.inputs.filter(({ indexed }) => indexed === true).length,
    digits,
    checks: places.flatMap(({ input, at }) => checksOf(input, at)),
    tails: places.flatMap(({ input, at }) => tailsOf(input, at)),
    amounts: placed.length > 0 ? placed : [{ field: '', at: 0, signed: 0, asset: 0, first: 1 }],
  };
}

interface Place {
  readonly input: ParamType;
  readonly at: number;
}

/** Where each parameter stands: the indexed ones first, a word each, then the head of the data. */
function placesOf({ inputs }: EventFragment): { places: Place[]; digits: number } {
  const indexed = inputs.filter((input) => input.indexed === true);
  let at = 1;
  const places = [...indexed, ...inputs.filter((input) => input.indexed !== true)].map((input) => {
    const place = { input, at };
    at += wordDigits * (input.indexed === true || isDynamic(input) ? 1 : wordsOf(input));
    return place;
  });
  return { places, digits: at - 1 };
}

function placeOf(protocol: string, event: EventFragment, places: readonly Place[], name: string): Place {
  const place = places.find(({ input }) => input.name === name);
  if (place === undefined) throw new ConfigurationError(`${protocol}: ${event.name} has no parameter "${name}"`);
  return place;
}

function isSigned({ type }: ParamType): 0 | 1 {
  return type.startsWith('int') ? 1 : 0;
}

function isDynamic(type: ParamType): boolean {
  if (type.arrayChildren === null) return type.type === 'string' || type.type === 'bytes';
  return type.arrayLength === -1 || isDynamic(type.arrayChildren);
}

/** Words of a type of fixed size. */
function wordsOf({ arrayChildren, arrayLength }: ParamType): number {
  return arrayChildren === null ? 1 : (arrayLength ?? 0) * wordsOf(arrayChildren);
}

/** What the words of a type of fixed size are checked for. Indexed arrays, strings and bytes are hashes: any word will do. */
function checksOf(input: ParamType, at: number): WordCheck[] {
  const { type, arrayChildren } = input;
  if (arrayChildren !== null) {
    if (input.indexed === true || isDynamic(input)) return [];
    const child = wordsOf(arrayChildren) * wordDigits;
    return Array.from({ length: input.arrayLength ?? 0 }, (_, index) =>
      checksOf(arrayChildren, at + index * child),
    ).flat();
  }
  if (type === 'bool') return [{ at, zeros: wordDigits - 1, below: '2', signed: 0 }];
  const bits = type === 'address' ? 160 : Number(/^u?int(\d+)$/.exec(type)?.[1] ?? 256);
  const left = wordDigits - bits / 4;
  if (left > 0) {
    const signed = isSigned(input);
    return [{ at, zeros: left, below: signed === 1 ? '8' : 'g', signed }];
  }
  const bytes = Number(/^bytes(\d+)$/.exec(type)?.[1] ?? 32);
  return bytes === 32 ? [] : [{ at: at + bytes * 2, zeros: wordDigits - bytes * 2, below: 'g', signed: 0 }];
}

function tailsOf(input: ParamType, at: number): Tail[] {
  if (input.indexed === true || !isDynamic(input)) return [];
  const { arrayChildren, arrayLength } = input;
  if (arrayChildren === null) return [{ at, bytes: 1 }];
  if (arrayLength !== -1) return [{ at, bytes: 0 }];
  return [{ at, bytes: 32 * (isDynamic(arrayChildren) ? 1 : wordsOf(arrayChildren)) }];
}
