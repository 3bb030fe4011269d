import type { Admin, Kafka } from 'kafkajs';
import type { Registry } from 'prom-client';
import { metrics } from '../../../catalog/metrics.ts';
import { counterOf, gaugeOf, histogramOf } from '../../runtime/metrics.ts';
import type { Lanes } from './kafka-lanes.ts';

const handlingBuckets = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];

/** What is asked of the brokers though nothing comes and nothing is done. */
const refreshMs = 10_000;

export interface GroupMeter {
  handled(records: number, seconds: number): void;
  failed(seconds: number): void;
  fetched(partition: number, highWatermark: string): void;
  committed(partition: number, offset: bigint): void;
  /** Lag is told of these partitions from now on, and of no others. */
  assigned(partitions: readonly number[]): void;
  stop(): Promise<void>;
}

/** Tells `registry` how a member of a group does: its lag from what it sees, and every ten seconds from what the brokers say. */
export function meterGroup(
  registry: Registry,
  deps: {
    readonly topic: string;
    readonly group: string;
    /** Makes who asks for the lag; without it none is told, as for those who follow. */
    readonly client?: (() => Kafka) | undefined;
    readonly lanes: () => Lanes | undefined;
  },
): GroupMeter {
  const { topic, group, client, lanes } = deps;
  const labels = { topic, group };
  const consumed = counterOf(registry, metrics.busConsumed);
  const retries = counterOf(registry, metrics.busRetries);
  const handling = histogramOf(registry, metrics.busHandling, handlingBuckets);
  const lag = gaugeOf(registry, metrics.busLag);
  const held = gaugeOf(registry, metrics.busHeld);
  const resting = gaugeOf(registry, metrics.busResting);
  const places = new Map<number, { high: bigint; done: bigint | undefined }>();
  /** Our own, and a new one after each failure: kafkajs asks for all topics it was ever asked for, and fails for one that is gone. */
  let admin: Admin | undefined;
  let stopped = false;

  const tell = (partition: number, seen: { high?: bigint; done?: bigint }): void => {
    const place = places.get(partition);
    if (place === undefined || client === undefined) return;
    place.high = seen.high ?? place.high;
    place.done = seen.done ?? place.done;
    if (place.done === undefined) return;
    const behind = place.high - place.done;
    lag.set({ ...labels, partition }, behind > 0n ? Number(behind) : 0);
  };
  const tellHeld = (): void => {
    held.set(labels, lanes()?.heldBytes ?? 0);
    resting.set(labels, lanes()?.resting ?? 0);
  };

  const refresh = async (): Promise<void> => {
    tellHeld();
    if (client === undefined || places.size === 0) return;
    if (admin === undefined) {
      admin = client().admin();
      await admin.connect();
    }
    const [ends, [offsets]] = await Promise.all([
      admin.fetchTopicOffsets(topic),
      admin.fetchOffsets({ groupId: group, topics: [topic] }),
    ]);
    for (const { partition, low, high } of ends) {
      const committed = BigInt(offsets?.partitions.find((other) => other.partition === partition)?.offset ?? -1);
      // Below what is kept there is nothing left to do.
      tell(partition, { high: BigInt(high), done: committed < BigInt(low) ? BigInt(low) : committed });
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const forgetAdmin = async (): Promise<void> => {
    const old = admin;
    admin = undefined;
    await old?.disconnect().catch(() => {});
  };
  let refreshing: Promise<void> | undefined;
  const refreshAgain = (): void => {
    refreshing = refresh()
      // Brokers that do not answer are told of by the health of the bus.
      .catch(forgetAdmin)
      .finally(() => {
        if (!stopped) timer = setTimeout(refreshAgain, refreshMs).unref();
      });
  };
  timer = setTimeout(refreshAgain, 1_000).unref();

  return {
    handled: (records, seconds) => {
      consumed.inc(labels, records);
      handling.observe(labels, seconds);
      tellHeld();
    },
    failed: (seconds) => {
      retries.inc(labels);
      handling.observe(labels, seconds);
      tellHeld();
    },
    fetched: (partition, highWatermark) => {
      tell(partition, { high: BigInt(highWatermark) });
      tellHeld();
    },
    committed: (partition, offset) => {
      tell(partition, { done: offset });
      tellHeld();
    },
    assigned: (partitions) => {
      for (const partition of places.keys()) {
        if (partitions.includes(partition)) continue;
        places.delete(partition);
        lag.remove({ ...labels, partition });
      }
      for (const partition of partitions) {
        if (!places.has(partition)) places.set(partition, { high: 0n, done: undefined });
      }
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      for (const partition of places.keys()) lag.remove({ ...labels, partition });
      held.remove(labels);
      resting.remove(labels);
      await refreshing;
      await forgetAdmin();
    },
  };
}
