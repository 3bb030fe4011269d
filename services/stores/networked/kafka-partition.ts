import { Partitioners } from 'kafkajs';

const choose = Partitioners.DefaultPartitioner();

/** A power of two that no hash reaches: modulo it, a hash is itself. Of partitions the partitioner wants the number alone. */
const unbounded = { length: 2 ** 31, filter: () => [] } as never;

/** Keys whose hash is remembered, as it takes kafkajs ten microseconds and keys are few. */
const rememberedMax = 100_000;
const hashes = new Map<string, number>();

/**
 * The partition that kafkajs writes a key to, as all of Kafka's own clients do: murmur2 of its bytes, without the sign, modulo the
 * topic's partitions (org.apache.kafka.common.utils.Utils, BuiltInPartitioner).
 */
export function partitionOf(key: string, partitions: number): number {
  let hash = hashes.get(key);
  if (hash === undefined) {
    hash = choose({ topic: '', partitionMetadata: unbounded, message: { key, value: null } });
    if (hashes.size < rememberedMax) hashes.set(key, hash);
  }
  return hash % partitions;
}
