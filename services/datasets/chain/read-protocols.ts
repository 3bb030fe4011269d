import { setTimeout as sleep } from 'node:timers/promises';
import type { Protocol } from '../../../catalog/schema/protocol.ts';
import { RetryableError } from '../../runtime/errors.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import type { Decimal } from './block.ts';
import { layoutsOf } from './protocol-layout.ts';
import type { ProtocolWindowSize } from './protocol-windows.ts';
import { integerOf } from './rows.ts';

/** Windows that begin in [fromSeconds, toSeconds), in Unix seconds. */
export interface ProtocolTimes {
  readonly size: ProtocolWindowSize;
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** Those of one network. */
export interface ProtocolQuery extends ProtocolTimes {
  readonly network: string;
}

/** Those of several. */
export interface ProtocolsQuery extends ProtocolTimes {
  readonly networks: readonly string[];
}

/** What a protocol did on a network in one window. */
export interface ProtocolWindow {
  readonly protocol: string;
  readonly network: string;
  /** Unix seconds. */
  readonly start: number;
  /** Transactions that were sent to one of its contracts, and those of them with status 0. */
  readonly calls: number;
  readonly failedCalls: number;
  /** Distinct senders of these, and of the transactions in which one of its contracts emitted a log. */
  readonly users: number;
  /** All that its contracts emitted; those of them that the catalog names and that were decoded. */
  readonly logs: number;
  readonly events: number;
  /** Logs that the catalog names and that could not be decoded, by reason: topics, data, value, tail. */
  readonly undecoded: Readonly<Record<string, number>>;
  /** Whether it was computed from the protocol as the catalog defines it now. */
  readonly isCurrent: boolean;
  /** The network's `seq` that it was computed at or after. */
  readonly version: number;
}

/** One amount of one event of one contract in one window. */
export interface ProtocolVolume {
  readonly protocol: string;
  readonly network: string;
  /** Unix seconds. */
  readonly start: number;
  readonly contract: string;
  readonly address: string;
  readonly event: string;
  /** Null for an event that is only counted. */
  readonly field: string | null;
  /** The address that the event names as what the amount is of; null: the contract's own units. */
  readonly asset: string | null;
  readonly count: number;
  /** Sums, exact whatever their size: of the values above 0, and of those below 0 without their sign. */
  readonly positive: Decimal;
  readonly negative: Decimal;
}

/** A read that takes longer than this is not for an API. */
const limits = 'SETTINGS max_execution_time = 10';
/** A writer is between its tables for some tens of milliseconds. */
const attempts = 10;
const waitStepMs = 15;

interface WindowRow {
  readonly protocol: string;
  readonly network: string;
  readonly at: number;
  readonly calls: string;
  readonly failed_calls: string;
  readonly users: string;
  readonly logs: string;
  readonly events: string;
  readonly undecoded: Readonly<Record<string, string>>;
  readonly definition: string;
  readonly version: string;
}

/** Windows of those of the protocols that have a contract on the network, by protocol and start. */
export async function readProtocolWindows(
  timeseries: Timeseries,
  protocols: readonly Protocol[],
  { network, ...times }: ProtocolQuery,
): Promise<ProtocolWindow[]> {
  return readProtocolWindowsOf(timeseries, protocols, { networks: [network], ...times });
}

/** As `readProtocolWindows`, of several networks: by protocol, network and start. */
export async function readProtocolWindowsOf(
  timeseries: Timeseries,
  protocols: readonly Protocol[],
  query: ProtocolsQuery,
): Promise<ProtocolWindow[]> {
  const definitions = definitionsOf(protocols, query.networks);
  if (definitions.size === 0) return [];
  const rows = await timeseries.query<WindowRow>(
    `SELECT protocol, network, toUnixTimestamp(start) AS at, calls, failed_calls, users, logs, events, undecoded, definition, version
       FROM chain_protocol_windows FINAL
      WHERE ${inQuery} ORDER BY protocol, network, start ${limits}`,
    paramsOf(query, definitions),
  );
  return rows.map((row) => ({
    ...{ protocol: row.protocol, network: row.network, start: row.at },
    ...{ calls: integerOf(row.calls), failedCalls: integerOf(row.failed_calls), users: integerOf(row.users) },
    ...{ logs: integerOf(row.logs), events: integerOf(row.events) },
    undecoded: undecodedOf(row.undecoded),
    isCurrent: definitions.get(placeKey(row)) === row.definition,
    version: integerOf(row.version),
  }));
}

/** How each of the protocols is defined on each of the networks where it has a contract, by `placeKey`. */
export function definitionsOf(protocols: readonly Protocol[], networks: readonly string[]): Map<string, string> {
  return new Map(
    networks.flatMap((network) =>
      layoutsOf(protocols, network).map(({ protocol, definition }) => [placeKey({ protocol, network }), definition]),
    ),
  );
}

/** Names a protocol on a network: neither id has a space. */
export function placeKey({ protocol, network }: { readonly protocol: string; readonly network: string }): string {
  return `${protocol} ${network}`;
}

export function undecodedOf(counts: Readonly<Record<string, string>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([reason, count]) => [reason, integerOf(count)]));
}

interface VolumeRow {
  readonly protocol: string;
  readonly network: string;
  readonly at: number;
  readonly expected: number;
  readonly contract: string;
  readonly address: string;
  readonly event: string;
  readonly field: string;
  readonly asset: string;
  readonly count: string;
  readonly positive: Decimal;
  readonly negative: Decimal;
}

/**
 * Volumes of those of the protocols that have a contract on the network, by protocol, start, contract, address, event, field
 * and asset. Each window is whole and of one state of the chain: a read that met a writer half-way is made again.
 * Throws RetryableError when that happens every time.
 */
export async function readProtocolVolumes(
  timeseries: Timeseries,
  protocols: readonly Protocol[],
  { network, ...times }: ProtocolQuery,
): Promise<ProtocolVolume[]> {
  return readProtocolVolumesOf(timeseries, protocols, { networks: [network], ...times });
}

/** As `readProtocolVolumes`, of several networks: by protocol, network, start and the rest. */
export async function readProtocolVolumesOf(
  timeseries: Timeseries,
  protocols: readonly Protocol[],
  query: ProtocolsQuery,
): Promise<ProtocolVolume[]> {
  const definitions = definitionsOf(protocols, query.networks);
  if (definitions.size === 0) return [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const rows = await timeseries.query<VolumeRow>(
      `SELECT protocol, network, toUnixTimestamp(start) AS at, expected, contract, address, event, field, asset, count,
              positive, negative
         FROM (SELECT protocol, network, start, volumes AS expected, definition, version
                 FROM chain_protocol_windows FINAL WHERE ${inQuery} AND volumes > 0) AS counted
         LEFT JOIN (SELECT * FROM chain_protocol_volumes FINAL WHERE ${inQuery}) AS volumes
           USING (protocol, network, start, definition, version)
        ORDER BY protocol, network, start, contract, address, event, field, asset ${limits}`,
      paramsOf(query, definitions),
    );
    if (isWhole(rows)) return rows.map(volumeOf);
    await sleep(waitStepMs * attempt);
  }
  const names = query.networks.join(', ');
  throw new RetryableError(`volumes on ${names}: windows and volumes did not agree in ${attempts} reads`);
}

const inQuery = `network IN {networks:Array(String)} AND protocol IN {protocols:Array(String)}
  AND concat(protocol, ' ', network) IN {places:Array(String)} AND size = {size:String} AND start >= toDateTime({from:UInt32}, 'UTC') AND start < toDateTime({to:UInt32}, 'UTC')`;

function paramsOf(
  { networks, size, fromSeconds, toSeconds }: ProtocolsQuery,
  definitions: ReadonlyMap<string, string>,
) {
  const places = [...definitions.keys()];
  const protocols = [...new Set(places.map((place) => place.split(' ')[0]))];
  return { networks, size, from: fromSeconds, to: toSeconds, places, protocols };
}

/** A window whose volumes are of another state has one row of the join, without an address. */
function isWhole(rows: readonly VolumeRow[]): boolean {
  const windows = Map.groupBy(rows, (row) => `${placeKey(row)} ${row.at}`);
  return [...windows.values()].every(
    (found) => found[0]?.expected === found.length && found.every(({ address }) => address !== ''),
  );
}

function volumeOf({ at, ...row }: VolumeRow): ProtocolVolume {
  return {
    ...{ protocol: row.protocol, network: row.network, start: at },
    ...{ contract: row.contract, address: row.address, event: row.event },
    ...{ field: row.field === '' ? null : row.field, asset: row.asset === '' ? null : row.asset },
    ...{ count: integerOf(row.count), positive: row.positive, negative: row.negative },
  };
}
