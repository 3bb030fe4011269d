import { setTimeout as sleep } from 'node:timers/promises';
import type { Protocol } from '../../../catalog/schema/protocol.ts';
import { RetryableError } from '../../runtime/errors.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import { definitionsOf, type ProtocolVolume, type ProtocolWindow, placeKey, undecodedOf } from './read-protocols.ts';
import { integerOf } from './rows.ts';
import type { Span } from './span.ts';
import { type DigitsSum, digitsSum, digitsSumOf } from './wide-sums.ts';
import { windowStart } from './window-size.ts';
import type { WindowSums } from './window-sums.ts';

/** How much a protocol was used on a network in a span, exactly: the sum of its windows. */
export interface ProtocolUses
  extends Pick<
    ProtocolWindow,
    'protocol' | 'network' | 'calls' | 'failedCalls' | 'logs' | 'events' | 'undecoded' | 'isCurrent'
  > {
  /** Unix seconds: where the span begins, and the start of the newest window that was summed. */
  readonly from: number;
  readonly newestStart: number;
}

/** As `ProtocolUses`, with the amounts that its events name. */
export interface ProtocolSums extends ProtocolUses {
  /** By contract, address, event, field and asset. */
  readonly volumes: readonly SumOfVolumes[];
}

/** One amount of one event of one contract. */
export type SumOfVolumes = Omit<ProtocolVolume, 'protocol' | 'network' | 'start'>;

/** The span of each network, by its id. */
type SpanOfNetworks = ReadonlyMap<string, Pick<WindowSums, 'asOf' | 'from'>>;

/**
 * How much the protocols were used on the networks in the span of each, `sums`, by protocol and network. Those without a window in it are
 * not there; retired protocols are, as long as they have some. Users are not told: the same ones may be in several windows.
 */
export async function readProtocolUses(
  timeseries: Timeseries,
  protocols: readonly Protocol[],
  span: Span,
  sums: SpanOfNetworks,
): Promise<ProtocolUses[]> {
  const definitions = definitionsOf(protocols, [...sums.keys()]);
  if (definitions.size === 0) return [];
  const { where, params } = rowsOf(span, sums, definitions);
  const windows = await timeseries.query<WindowsRow>(windowsWhere(where), params);
  return windows.map((row) => usesOf(row, sums, definitions));
}

/**
 * As `readProtocolUses`, with volumes, which are of the same state of the chain. Throws RetryableError when writers were met half-way
 * every time.
 */
export async function readProtocolSums(
  timeseries: Timeseries,
  protocols: readonly Protocol[],
  span: Span,
  sums: SpanOfNetworks,
): Promise<ProtocolSums[]> {
  const definitions = definitionsOf(protocols, [...sums.keys()]);
  if (definitions.size === 0) return [];
  const { where, params } = rowsOf(span, sums, definitions);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const [windows, volumes] = await Promise.all([
      timeseries.query<WindowsRow>(windowsWhere(where), params),
      timeseries.query<VolumesRow>(volumesWhere(where), params),
    ]);
    const volumesOf = Map.groupBy(volumes, placeKey);
    if (windows.every((row) => isOfSameState(row, volumesOf.get(placeKey(row)) ?? [])))
      return windows.map((row) => ({
        ...usesOf(row, sums, definitions),
        volumes: (volumesOf.get(placeKey(row)) ?? []).map(volumeOf),
      }));
    await sleep(waitStepMs * attempt);
  }
  throw new RetryableError(`sums of protocols: windows and volumes did not agree in ${attempts} reads`);
}

/** A read that takes longer than this is not for an API. */
const limits = 'SETTINGS max_execution_time = 10';
/** A writer is between its tables for some tens of milliseconds. */
const attempts = 10;
const waitStepMs = 15;

/** The windows of the spans; the newest ones of most networks are the same. */
function rowsOf(
  { size }: Span,
  sums: SpanOfNetworks,
  definitions: ReadonlyMap<string, string>,
): { where: string; params: Record<string, unknown> } {
  const places = [...definitions.keys()].map((place) => place.split(' ') as [protocol: string, network: string]);
  const networks = [...new Set(places.map(([, network]) => network))];
  const times = Map.groupBy(networks, (network) => {
    const { from, asOf } = sums.get(network) ?? { from: 0, asOf: { timestamp: 0 } };
    return `start BETWEEN toDateTime(${from}, 'UTC') AND toDateTime(${windowStart(size, asOf.timestamp)}, 'UTC')`;
  });
  const byTime = [...times];
  return {
    where: `size = {size:String} AND protocol IN {protocols:Array(String)}
      AND concat(protocol, ' ', network) IN {places:Array(String)}
      AND (${byTime.map(([time], at) => `(network IN {networks${at}:Array(String)} AND ${time})`).join(' OR ')})`,
    params: {
      size,
      protocols: [...new Set(places.map(([protocol]) => protocol))],
      places: [...definitions.keys()],
      ...Object.fromEntries(byTime.map(([, some], at) => [`networks${at}`, some])),
    },
  };
}

interface WindowsRow {
  readonly protocol: string;
  readonly network: string;
  readonly newest: number;
  readonly calls: string;
  readonly failed: string;
  readonly logs: string;
  readonly events: string;
  readonly undecoded: Readonly<Record<string, string>>;
  readonly definitions: readonly string[];
  readonly fingerprint: string;
}

/** Stands for one state of one window. Its sum over volumes is that of their number * it over windows only if both saw the same. */
const stateHash = 'cityHash64(start, definition, version)';

const windowsWhere = (where: string): string => `
  SELECT protocol, network, toUnixTimestamp(max(start)) AS newest, sum(w.calls) AS calls, sum(failed_calls) AS failed,
    sum(w.logs) AS logs, sum(w.events) AS events, sumMap(w.undecoded) AS undecoded,
    groupUniqArray(definition) AS definitions, sum(w.volumes * ${stateHash}) AS fingerprint
  FROM (SELECT * FROM chain_protocol_windows FINAL WHERE ${where}) AS w
  GROUP BY protocol, network ORDER BY protocol, network ${limits}`;

interface VolumesRow {
  readonly protocol: string;
  readonly network: string;
  readonly contract: string;
  readonly address: string;
  readonly event: string;
  readonly field: string;
  readonly asset: string;
  readonly count: string;
  readonly positive: DigitsSum;
  readonly negative: DigitsSum;
  readonly fingerprint: string;
}

const volumesWhere = (where: string): string => `
  SELECT protocol, network, contract, address, event, field, asset, sum(v.count) AS count,
    ${digitsSum('v.positive')} AS positive, ${digitsSum('v.negative')} AS negative, sum(${stateHash}) AS fingerprint
  FROM (SELECT * FROM chain_protocol_volumes FINAL WHERE ${where}) AS v
  INNER JOIN (SELECT protocol, network, start, definition, version FROM chain_protocol_windows FINAL
               WHERE ${where} AND volumes > 0) AS counted USING (protocol, network, start, definition, version)
  GROUP BY protocol, network, contract, address, event, field, asset
  ORDER BY protocol, network, contract, address, event, field, asset ${limits}`;

function usesOf(row: WindowsRow, sums: SpanOfNetworks, definitions: ReadonlyMap<string, string>): ProtocolUses {
  return {
    ...{ protocol: row.protocol, network: row.network, from: sums.get(row.network)?.from ?? 0 },
    ...{ newestStart: row.newest, calls: integerOf(row.calls), failedCalls: integerOf(row.failed) },
    ...{ logs: integerOf(row.logs), events: integerOf(row.events), undecoded: undecodedOf(row.undecoded) },
    isCurrent: row.definitions.every((definition) => definition === definitions.get(placeKey(row))),
  };
}

/** The sums wrap around at 64 bits, as ClickHouse's do. */
function isOfSameState({ fingerprint }: WindowsRow, volumes: readonly VolumesRow[]): boolean {
  const sum = volumes.reduce((total, volume) => total + BigInt(volume.fingerprint), 0n);
  return BigInt.asUintN(64, sum) === BigInt(fingerprint);
}

function volumeOf({ contract, address, event, field, asset, count, positive, negative }: VolumesRow): SumOfVolumes {
  return {
    ...{ contract, address, event, field: field === '' ? null : field, asset: asset === '' ? null : asset },
    count: integerOf(count),
    positive: digitsSumOf(positive).toString(),
    negative: digitsSumOf(negative).toString(),
  };
}
