import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { Kafka, type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs';
import type { Logger } from 'pino';
import type { KafkaSettings } from '../../runtime/stores-config.ts';

/**
 * How often and how long the driver tries again by itself: through the election of a leader, not through an outage. Who calls
 * it knows better how to wait.
 */
export const driverRetry = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 5 };

/**
 * The driver under these settings; nothing is connected yet. Each part of the bus has one of its own, as consumers of one group
 * made by the same one would share what they believe to be committed.
 */
export function createKafkaClient({ brokers, sasl, tls, ca }: KafkaSettings, log: Logger): Kafka {
  mendTimers();
  readZstd();
  const config: KafkaConfig = {
    clientId: 'defimon',
    brokers: [...brokers],
    connectionTimeout: 5_000,
    authenticationTimeout: 10_000,
    requestTimeout: 15_000,
    retry: driverRetry,
    // What it says is for whoever looks into it: what matters of it reaches our errors, our health and our metrics.
    logLevel: log.isLevelEnabled('debug') ? logLevel.INFO : logLevel.NOTHING,
    logCreator:
      () =>
      ({ namespace, log: { message, timestamp: _, logger: __, ...values } }) =>
        log.debug({ kafkajs: namespace, said: message, ...values }, 'Kafka client'),
  };
  if (tls || ca !== undefined) config.ssl = ca === undefined ? true : { ca: [ca.reveal()] };
  if (sasl !== undefined) {
    const { mechanism, username, password } = sasl;
    config.sasl = { mechanism, username, password: password.reveal() } as SASLOptions;
  }
  return new Kafka(config);
}

interface Compression {
  readonly Types: { readonly ZSTD: number };
  readonly Codecs: Record<number, () => object>;
}

/**
 * What brokers compress by zstd, as a topic's `compression.type` may have them do, kafkajs gives up on: Node has what it lacks. It
 * reads gzip by itself. For lz4 and snappy there is nothing in Node: see kafka-errors.ts.
 */
function readZstd(): void {
  const [compress, decompress] = [promisify(zstdCompress), promisify(zstdDecompress)];
  const { Codecs, Types } = createRequire(import.meta.url)('kafkajs/src/protocol/message/compression') as Compression;
  Codecs[Types.ZSTD] = () => ({
    compress: ({ buffer }: { readonly buffer: Buffer }) => compress(buffer),
    decompress: (buffer: Buffer) => decompress(buffer),
  });
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

/**
 * kafkajs 2.2.4, its last release, wakes up every millisecond for each connection, for nothing: its timer for waiting requests
 * is set when none waits, with a negative delay, which Node 24 warns of. Mended as its users propose, in a release that never
 * came: https://github.com/tulios/kafkajs/pull/1768
 */
function mendTimers(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
    prototype: RequestQueue;
  };
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
    const delayMs = Math.max(this.throttledUntil - Date.now(), 10);
    this.throttleCheckTimeoutId = setTimeout(() => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    }, delayMs);
  };
}
