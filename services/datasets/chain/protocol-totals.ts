import type { Timeseries } from '../../stores/timeseries.ts';
import { type Intervals, joinIntervals } from './intervals.ts';
import type { ContractLayout, ProtocolLayout } from './protocol-layout.ts';
import { integerOf } from './rows.ts';

// Raw rows are read without FINAL, which would read every log of the time to find the few of a protocol: a row is the canonical
// chain's if its block stands there with the same `seq`, the highest of its number's. Rows that were delivered twice are counted once.

/** Windows of one network that are read together, ascending; each `seconds` long. */
export interface WindowRange {
  readonly network: string;
  readonly seconds: number;
  readonly starts: readonly number[];
}

/** Of one protocol in one window. */
export interface UseTotals {
  readonly protocol: string;
  readonly start: string;
  /** Transactions that were sent to one of its contracts. */
  readonly calls: string;
  readonly failed: string;
  /** Senders of these, and of those in which one of its contracts emitted a log. */
  readonly users: string;
}

/** Logs of one contract that are one event, and the sum of one amount in limbs of 128 bits, the lowest first. */
export interface EventTotals {
  readonly protocol: string;
  readonly start: string;
  readonly contract: string;
  readonly address: string;
  /** Empty: the catalog does not name them. */
  readonly event: string;
  /** Why they could not be decoded; empty if they could, and `unlisted` if they were not to be. */
  readonly reason: string;
  readonly field: string;
  readonly asset: string;
  readonly count: string;
  /** As `count`, but 0 for all amounts of an event but one: their sum counts each log once. */
  readonly logs: string;
  readonly positive: readonly string[];
  readonly negative: readonly string[];
}

export interface ProtocolTotals {
  readonly uses: readonly UseTotals[];
  readonly events: readonly EventTotals[];
}

/** What the protocols did in the windows. Windows and events without anything are left out. */
export async function readProtocolTotals(
  timeseries: Timeseries,
  layouts: readonly ProtocolLayout[],
  { network, seconds, starts }: WindowRange,
): Promise<ProtocolTotals> {
  const numbers = await readNumbers(timeseries, { network, seconds, starts });
  if (numbers.length === 0) return { uses: [], events: [] };
  const inNumbers = `(${numbers.map(({ from, to }) => `number BETWEEN ${from} AND ${to}`).join(' OR ')})`;
  const owners = ownersOf(layouts);
  const [first = 0, last = 0] = [starts[0], starts.at(-1)];
  const window = { network, seconds, starts, from: first, to: last + seconds };
  const uses = await timeseries.query<UseTotals>(useTotalsOf(inNumbers), {
    ...window,
    addresses: [...owners.keys()],
    protocols: [...owners.values()].map((all) => all.map(({ protocol }) => protocol).join(',')),
  });
  // A log is held with its transaction, which would be among these.
  if (uses.length === 0) return { uses, events: [] };
  const found = await timeseries.query<EventTotals>(eventTotalsOf(inNumbers), {
    ...window,
    addresses: [...owners.keys()],
    classes: [...owners.values()].map(classOf),
    events: JSON.stringify(classEventsOf(layouts, owners)),
  });
  return { uses, events: found.flatMap((total) => ofOwners(total, owners.get(total.address) ?? [])) };
}

/** Where the blocks of the windows stand, any version of them: it only bounds what is read. */
async function readNumbers(timeseries: Timeseries, { network, seconds, starts }: WindowRange): Promise<Intervals> {
  const [first = 0, last = 0] = [starts[0], starts.at(-1)];
  const rows = await timeseries.query<{ low: string; high: string }>(
    `SELECT min(number) AS low, max(number) AS high FROM chain_blocks
      WHERE network = {network:String} AND ${inTime}
        AND ${startOf} IN {starts:Array(UInt64)}
      GROUP BY ${startOf}`,
    { network, seconds, starts, from: first, to: last + seconds },
  );
  return joinIntervals(rows.map(({ low, high }) => ({ from: integerOf(low), to: integerOf(high) })));
}

/** The contracts at each address: one, or several where protocols share it. */
type Owners = ReadonlyMap<string, readonly ContractLayout[]>;

function ownersOf(layouts: readonly ProtocolLayout[]): Owners {
  return Map.groupBy(
    layouts.flatMap(({ contracts }) => contracts),
    ({ address }) => address,
  );
}

/** Addresses of the same contracts are decoded alike: they are one class. */
function classOf(owners: readonly ContractLayout[]): string {
  return owners.map(({ protocol, contract }) => `${protocol} ${contract}`).join(',');
}

/** The events of each class. One that only some owners of the class name is counted of the others as unlisted. */
function classEventsOf(layouts: readonly ProtocolLayout[], owners: Owners): object[] {
  const classes = new Map([...owners.values()].map((all) => [classOf(all), all]));
  return [...classes].flatMap(([name, all]) => {
    const named = all.flatMap(({ protocol, contract }) =>
      (layouts.find((layout) => layout.protocol === protocol)?.events ?? []).filter(
        (event) => event.contract === contract,
      ),
    );
    const topics = new Set(named.map(({ topic0 }) => topic0));
    const others = [...topics].flatMap((topic0) =>
      all
        .filter(
          ({ protocol, contract }) =>
            !named.some(
              (event) => event.topic0 === topic0 && event.protocol === protocol && event.contract === contract,
            ),
        )
        .map(({ protocol, contract }) => ({ ...{ protocol, contract, topic0, event: '' }, ...noLayout })),
    );
    return [...named, ...others].map((event) => ({ class: name, ...event }));
  });
}

const noLayout = { indexed: 0, digits: 0, checks: [], tails: [], amounts: [] };

/** A log that no owner names was counted once for all of them. */
function ofOwners(total: EventTotals, owners: readonly ContractLayout[]): EventTotals[] {
  if (total.protocol !== '') return [total];
  return owners.map(({ protocol, contract }) => ({ ...total, protocol, contract }));
}

const startOf = 'intDiv(toUInt64(toUnixTimestamp(timestamp)), {seconds:UInt64}) * {seconds:UInt64}';
/** From the first window to the last one: in which partitions they are. */
const inTime = "timestamp >= toDateTime({from:UInt32}, 'UTC') AND timestamp < toDateTime({to:UInt32}, 'UTC')";
/** Of the canonical chain, and in the windows, which are among the numbers. */
const isWanted = (
  inNumbers: string,
): string => `network = {network:String} AND ${inNumbers} AND ${inTime} AND (number, seq) IN (
  SELECT number, max(seq) FROM chain_blocks
   WHERE network = {network:String} AND ${inNumbers} AND ${inTime} AND ${startOf} IN {starts:Array(UInt64)}
   GROUP BY number HAVING argMax(deleted, seq) = 0)`;
/** The protocols at an address; `['']` if it is of none. */
const protocolsAt = (address: string): string =>
  `splitByChar(',', transform(${address}, {addresses:Array(String)}, {protocols:Array(String)}, ''))`;

const useTotalsOf = (inNumbers: string): string => `
  SELECT protocol, start,
    uniqExactIf((number, tx_index), called) AS calls,
    uniqExactIf((number, tx_index), called AND status = 0) AS failed,
    uniqExact(sender) AS users
  FROM (
    SELECT number, tx_index, ${startOf} AS start, sender, status,
      ${protocolsAt("ifNull(recipient, '')")} AS called_protocols,
      arrayJoin(arrayDistinct(arrayConcat(called_protocols, emitted_protocols))) AS protocol,
      has(called_protocols, protocol) AS called
    FROM chain_txs
    LEFT JOIN (
      SELECT number, tx_index, groupUniqArrayArray(${protocolsAt('address')}) AS emitted_protocols
        FROM chain_logs WHERE address IN {addresses:Array(String)} AND ${isWanted(inNumbers)}
       GROUP BY number, tx_index) AS emitted USING (number, tx_index)
    WHERE ${isWanted(inNumbers)})
  WHERE protocol != ''
  GROUP BY protocol, start`;

/** The number that a word of `words` holds. */
const wordAt = (at: string): string => `reinterpretAsUInt256(reverse(unhex(substring(words, ${at}, 64))))`;

const wordFits = `(c -> (substring(words, c.at, c.zeros) = repeat('0', c.zeros) AND substring(words, c.at + c.zeros, 1) < c.below)
      OR (c.signed = 1 AND substring(words, c.at, c.zeros) = repeat('f', c.zeros)
          AND substring(words, c.at + c.zeros, 1) >= '8'))`;

/** The data's bytes begin after the indexed words; an offset counts from there. */
const dataBytes = 'toInt64(intDiv(length(words), 2) - 32 * indexed)';
const offset = wordAt('t.at');
const offsetFits = `${dataBytes} >= 32 AND ${offset} <= toUInt256(greatest(${dataBytes} - 32, 0))`;
const tailLength = wordAt(`1 + 64 * indexed + 2 * toInt64(${offset})`);
const roomAfterLength = `(${dataBytes} - 32 - toInt64(${offset}))`;
const tailFits = `(t -> ${offsetFits} AND (t.bytes = 0 OR ${tailLength}
      <= toUInt256(intDiv(${roomAfterLength}, greatest(t.bytes, 1)))))`;

const eventTotalsOf = (inNumbers: string): string => `
  SELECT protocol, start, contract, address, event, reason, field, asset, count() AS count, sum(first) AS logs,
    ${limbsOf('NOT is_negative')} AS positive, ${limbsOf('is_negative')} AS negative
  FROM (
    SELECT protocol, start, contract, address, event, reason, amount.field AS field, amount.first AS first,
      if(amount.asset = 0, '', concat('0x', substring(words, amount.asset, 40))) AS asset,
      if(amount.at = 0, toUInt256(0), ${wordAt('amount.at')}) AS value,
      amount.signed = 1 AND substring(words, amount.at, 1) >= '8' AS is_negative,
      if(is_negative, bitNot(value) + 1, value) AS magnitude
    FROM (
      SELECT *, multiIf(
          event = '', 'unlisted',
          topics != indexed, 'topics',
          length(words) < digits, 'data',
          NOT arrayAll(${wordFits}, checks), 'value',
          NOT arrayAll(${tailFits}, tails), 'tail',
          '') AS reason
      FROM (
        SELECT ${startOf} AS start, address, ifNull(topic0, '') AS topic,
          transform(address, {addresses:Array(String)}, {classes:Array(String)}, '') AS class,
          (topic1 IS NOT NULL) + (topic2 IS NOT NULL) + (topic3 IS NOT NULL) AS topics,
          concat(substring(ifNull(topic1, ''), 3), substring(ifNull(topic2, ''), 3), substring(ifNull(topic3, ''), 3),
            substring(data, 3)) AS words
        FROM chain_logs WHERE address IN {addresses:Array(String)} AND ${isWanted(inNumbers)}
        LIMIT 1 BY number, log_index) AS emitted
      LEFT JOIN (
        SELECT e.class AS class, e.protocol AS protocol, e.contract AS contract, e.event AS event, e.topic0 AS topic,
               e.indexed AS indexed, e.digits AS digits, e.checks AS checks, e.tails AS tails, e.amounts AS amounts
          FROM (SELECT arrayJoin(JSONExtract({events:String}, 'Array(Tuple(
                  class String, protocol String, contract String, event String, topic0 String, indexed UInt8, digits UInt32,
                  checks Array(Tuple(at UInt32, zeros UInt8, below String, signed UInt8)),
                  tails Array(Tuple(at UInt32, bytes UInt32)),
                  amounts Array(Tuple(field String, at UInt32, signed UInt8, asset UInt32, first UInt8))))')) AS e)) AS events
        USING (class, topic))
    ARRAY JOIN if(reason = '', amounts, [CAST(('', 0, 0, 0, 1),
      'Tuple(field String, at UInt32, signed UInt8, asset UInt32, first UInt8)')]) AS amount)
  GROUP BY protocol, start, contract, address, event, reason, field, asset`;

/** ClickHouse's integers wrap around at 256 bits; sums of limbs of 128 bits fit for 2^128 rows. */
function limbsOf(condition: string): string {
  const limbs = ['toUInt256(toUInt128(magnitude))', 'bitShiftRight(magnitude, 128)'];
  return `[${limbs.map((limb) => `sumIf(${limb}, ${condition})`).join(', ')}]`;
}
