import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { groupOf } from '../../catalog/consumer-group.ts';
import { metrics as names } from '../../catalog/metrics.ts';
import { type ChainEvent, chainTopic } from '../datasets/chain/changes.ts';
import { readCompression } from '../datasets/chain/compression.ts';
import { writeChainEvents } from '../datasets/chain/timeseries.ts';
import { describeError } from '../runtime/errors.ts';
import { gaugeOf } from '../runtime/metrics.ts';
import type { Started } from '../runtime/modules.ts';
import type { Bus } from '../stores/bus.ts';
import type { Timeseries } from '../stores/timeseries.ts';

export interface ChainStreamDeps {
  readonly bus: Bus;
  readonly timeseries: Timeseries;
  readonly log: Logger;
  readonly metrics: Registry;
}

const compressionMs = 30_000;

/** Takes the chain's changes from the bus into the timeseries store; the bus is acknowledged once the store has them. */
export async function createChainStream(deps: ChainStreamDeps): Promise<Started<undefined>> {
  const unsubscribe = await deps.bus.subscribe(chainTopic, groupOf('stream-processor', chainTopic), ({ messages }) =>
    // The relay of this process, or our own earlier self, wrote these values.
    writeChainEvents(
      deps.timeseries,
      messages.map((message) => message.value as ChainEvent),
    ),
  );
  const compression = gaugeOf(deps.metrics, names.compressionRatio);
  async function measure(): Promise<void> {
    try {
      for (const { network, table, ratio } of await readCompression(deps.timeseries))
        compression.set({ network, table }, ratio);
    } catch (error) {
      deps.log.warn({ reason: describeError(error) }, 'compression could not be measured');
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
      await unsubscribe();
      await measuring;
    },
  };
}
