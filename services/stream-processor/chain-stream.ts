import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { groupOf } from '../../catalog/consumer-group.ts';
import { metrics as names } from '../../catalog/metrics.ts';
import { type ChainEvent, chainTopic } from '../datasets/chain/changes.ts';
import { readCompression } from '../datasets/chain/compression.ts';
import { parseChainEvent } from '../datasets/chain/parse-event.ts';
import { keepRawFor, rawKeptFrom, readGoneTo } from '../datasets/chain/raw-retention.ts';
import { writeChainEvents } from '../datasets/chain/timeseries.ts';
import { describeError, RetryableError } from '../runtime/errors.ts';
import type { LiveCatalog } from '../runtime/live-catalog.ts';
import { gaugeOf } from '../runtime/metrics.ts';
import type { Started } from '../runtime/modules.ts';
import { createSlots } from '../runtime/slots.ts';
import type { Bus, Subscription } from '../stores/bus.ts';
import { consume, type ParsedBatch } from '../stores/consume.ts';
import type { Rows } from '../stores/relational.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { isRefusedContent } from '../stores/timeseries-errors.ts';
import { timeseriesInTurn } from '../stores/timeseries-in-turn.ts';
import { watchChainLosses } from './chain-losses.ts';
import type { WindowPace } from './chain-schedule.ts';
import { startChainWindows } from './chain-windows.ts';
import { createProtocolHistory } from './protocol-history.ts';

export interface ChainStreamDeps {
  readonly bus: Bus;
  readonly timeseries: Timeseries;
  /** Where changes are numbered; without it, it is not looked whether it has lost some. */
  readonly relational?: Rows | undefined;
  /** For how many days raw rows are kept; undefined for ever. */
  readonly timeseriesDays?: number | undefined;
  readonly clock?: () => number;
  /** Whose protocols are counted. */
  readonly catalog: Pick<LiveCatalog, 'current' | 'subscribe'>;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly paceMs?: WindowPace | undefined;
}

const compressionMs = 30_000;
/** What the embedded store takes at once; on a server it bounds what one process asks for, however many networks it has. */
const queriesMax = 3;

/**
 * Takes the chain's changes from the bus into the timeseries store; the bus is acknowledged once the store has them, and it is marked
 * there which minutes they touch. Windows follow.
 */
export async function createChainStream(deps: ChainStreamDeps): Promise<Required<Started<undefined>>> {
  const { bus, catalog, log, metrics, relational, timeseriesDays, clock = Date.now } = deps;
  const slots = createSlots({ max: queriesMax });
  const timeseries = timeseriesInTurn(deps.timeseries, slots);
  // Rows come first: what is computed of them would be computed again.
  const timeseriesLater = timeseriesInTurn(deps.timeseries, { run: slots.runLater });
  const protocols = () => catalog.current().catalog.protocols;
  let subscription: Subscription | undefined;
  const owns = (network: string): boolean => subscription?.owns(network) ?? false;
  const tables = await keepRawFor(timeseries, timeseriesDays, clock());
  if (tables.length > 0)
    log.info({ tables, days: timeseriesDays ?? null }, 'raw rows of chains are kept for another time');
  const goneTo = await readGoneTo(timeseries);
  const keptFrom = (): number => rawKeptFrom(timeseriesDays, clock(), goneTo);
  const losses =
    relational === undefined ? undefined : watchChainLosses({ relational, timeseries, clock, log, metrics });
  const windows = startChainWindows({
    ...{ timeseries, timeseriesLater, protocols, owns, log, metrics, keptFrom },
    paceMs: deps.paceMs,
    onTouched: losses?.follow,
  });
  const history = await createProtocolHistory({ timeseries: timeseriesLater, catalog, log, metrics, keptFrom });
  subscription = await consume(bus, {
    topic: chainTopic,
    group: groupOf('stream-processor', chainTopic),
    parse: parseChainEvent,
    handle: take,
    isRefused: isRefusedContent,
    log,
    metrics,
  });

  async function take({ messages, id }: ParsedBatch<ChainEvent>): Promise<void> {
    const events = messages.map(({ value }) => value);
    await writeChainEvents(timeseries, events, id);
    await windows.follow(events).catch((error: unknown) => {
      // What the store has taken is not at fault.
      throw new RetryableError(`marking what changes touch: ${describeError(error)}`, { cause: error });
    });
  }

  const compression = gaugeOf(metrics, names.compressionRatio);
  async function measure(): Promise<void> {
    try {
      for (const { table, ratio } of await readCompression(timeseries)) compression.set({ table }, ratio);
    } catch (error) {
      log.warn({ reason: describeError(error) }, 'compression could not be measured');
    }
  }
  let measuring = measure();
  const timer = setInterval(() => {
    measuring = measuring.then(measure);
  }, compressionMs);
  return {
    part: undefined,
    stop: async () => {
      clearInterval(timer);
      await subscription?.();
      await Promise.all([windows.stop(), history.stop(), losses?.stop()]);
      await measuring;
    },
    // Windows that are behind lose nothing, and rows go on.
    health: () => {
      const lost = losses?.trouble();
      if (lost !== undefined) return { ok: true, detail: lost };
      const trouble = windows.trouble();
      return trouble === undefined ? history.health() : { ok: true, detail: `windows are behind: ${trouble}` };
    },
  };
}
