export interface Message {
  readonly topic: string;
  readonly key: string;
  /** What JSON makes of the published value. */
  readonly value: unknown;
}

/**
 * Topics between services. At least once: a handler must be safe to run twice on the same messages. Messages of one key
 * reach each group in the order in which they were published.
 */
export interface Bus {
  /**
   * Resolves once the messages are safe: here, once every group's handler has resolved; on Kafka, once brokers hold them.
   * Rejects when they may not be: the publisher sends them again from its own durable cursor, as this keeps nothing.
   */
  publish(topic: string, messages: readonly { readonly key: string; readonly value: unknown }[]): Promise<void>;
  /**
   * Each group gets every message; members of one group share them by key. `handle` gets batches one at a time and
   * resolves once its work is durable. The function returned stops the subscription and waits for the batch in hand.
   */
  subscribe(
    topic: string,
    group: string,
    handle: (messages: readonly Message[]) => Promise<void>,
  ): Promise<() => Promise<void>>;
}
