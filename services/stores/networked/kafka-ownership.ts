import { setTimeout as delay } from 'node:timers/promises';
import { partitionOf } from './kafka-partition.ts';

export interface KeyOwnership {
  /** The partitions that this member has now; none when it has left. */
  assign(partitions: readonly number[]): void;
  owns(key: string): boolean;
}

/**
 * Which keys are those of a member's partitions. That is a matter of how many the topic has as well, which brokers are asked for
 * whenever members share them anew: also after some were added, as kafkajs has them share anew for that. Until brokers have
 * answered it holds what it was.
 */
export function createKeyOwnership(countPartitions: () => Promise<number>, retryMs = 1_000): KeyOwnership {
  let partitions = 0;
  let own: ReadonlySet<number> = new Set();
  let assignments = 0;

  const settle = async (assigned: readonly number[]): Promise<void> => {
    const assignment = ++assignments;
    for (;;) {
      const found = await countPartitions().catch(() => 0);
      if (assignment !== assignments) return;
      // Fewer than we were given is an old answer, or none.
      if (found > Math.max(...assigned)) {
        partitions = found;
        own = new Set(assigned);
        return;
      }
      await delay(retryMs, undefined, { ref: false });
    }
  };

  return {
    assign: (assigned) => {
      if (assigned.length > 0) {
        void settle(assigned);
        return;
      }
      assignments += 1;
      own = new Set();
    },
    owns: (key) => own.size > 0 && own.has(partitionOf(key, partitions)),
  };
}
