const seed = 0x9747b28c;
const m = 0x5bd1e995;

/**
 * The partition of a key, as Kafka's own clients and kafkajs' default partitioner choose it: murmur2 of its bytes, without the sign,
 * modulo the partitions (org.apache.kafka.common.utils.Utils, BuiltInPartitioner).
 */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

/** MurmurHash2 of 32 bits, as Kafka computes it; signed. */
export function murmur2(bytes: Uint8Array): number {
  const byteAt = (at: number): number => bytes[at] ?? 0;
  const whole = bytes.length & ~3;
  let hash = seed ^ bytes.length;
  for (let at = 0; at < whole; at += 4) {
    let word = byteAt(at) | (byteAt(at + 1) << 8) | (byteAt(at + 2) << 16) | (byteAt(at + 3) << 24);
    word = Math.imul(word, m);
    word = Math.imul(word ^ (word >>> 24), m);
    hash = Math.imul(hash, m) ^ word;
  }
  const left = bytes.length - whole;
  if (left >= 3) hash ^= byteAt(whole + 2) << 16;
  if (left >= 2) hash ^= byteAt(whole + 1) << 8;
  if (left >= 1) hash = Math.imul(hash ^ byteAt(whole), m);
  hash = Math.imul(hash ^ (hash >>> 13), m);
  return hash ^ (hash >>> 15);
}
