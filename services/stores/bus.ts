/** A record of a topic. */
export interface Message {
  readonly key: string;
  /** What JSON makes of the published value: to be parsed, as its producer may be of another version. */
  readonly value: unknown;
  /** Its place in the partition; rises, not always by one. */
  readonly offset: string;
  /** When it was published, by the producer's clock: Unix milliseconds. */
  readonly timestampMs: number;
}

/** Messages of one partition, in their order. A key has one partition, so of one key they come in the order of publishing. */
export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly Message[];
  /**
   * Names exactly these messages of exactly this topic, for ever: the base of a store's deduplication token. What is
   * delivered again may be cut into other batches, so a sink must not rely on it alone.
   */
  readonly id: string;
}

/** Resolves once the work is durable. Batches of one partition come one at a time, those of different ones may overlap. */
export type Handle = (batch: Batch) => Promise<void>;

/** Ends a subscription: nothing new is given, and it resolves once what is in hand is done. */
export type Unsubscribe = () => Promise<void>;

/** A member of a group; called, it ends. */
export interface Subscription extends Unsubscribe {
  /**
   * Whether messages of this key come to this member now, as far as it knows: of a group's members one owns a key, none while they
   * share anew. For work that one of them is to do. A batch in hand may be of a key that is no longer owned.
   */
  owns(key: string): boolean;
}

/** Topics between services, each with its line in catalog/topics.yaml. At least once: a handler must be safe to run twice. */
export interface Bus {
  /**
   * Resolves once the messages are safe: in process, once every handler has resolved; on Kafka, once brokers hold them.
   * Rejects when they may not be: the publisher sends them again from its own durable cursor. RetryableError when the bus
   * cannot be reached; what is no JSON or too large for its topic is another error, and sending it again is no use.
   */
  publish(topic: string, messages: readonly { readonly key: string; readonly value: unknown }[]): Promise<void>;
  /**
   * Each group gets every message, from the oldest that is kept; its members share them by partition. A batch whose handler
   * rejects is given again after a while, for as long as it takes: on Kafka by the bus, in process by the publisher.
   */
  subscribe(topic: string, group: string, handle: Handle): Promise<Subscription>;
  /**
   * Each follower gets every message published from now on, and on Kafka also those of the last `sinceMs`. Nothing is
   * remembered of it. For what is told on at once, not stored. A batch whose handler rejects is left out.
   */
  follow(topic: string, group: string, handle: Handle, options?: { readonly sinceMs?: number }): Promise<Unsubscribe>;
}
