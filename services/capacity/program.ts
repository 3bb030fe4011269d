// What the program does by its code and settings, which is no measurement: each with the file that says so.

/** environments/production/environment.yaml, `sync`. */
export const pollSeconds = 12;
export const rpcCallsPerSecondMax = 25;
export const rpcRequestsAtOnceMax = 20;

/** services/chain-sync/evm/evm-reader.ts: chain id, head and final head, from every endpoint at each poll. */
export const callsPerPoll = 3;
/** eth_getBlockByNumber and eth_getBlockReceipts. */
export const callsPerBlock = 2;

/** services/chain-relay/module.ts: after a round of few rows. One that finds none waits for a commit of its own networks, or for the poll. */
export const relayLingerSeconds = 0.25;
export const relayPollSeconds = 1;

/** services/stores/networked/kafka-consumer.ts: batches of different partitions that one member has in hand. */
export const partitionsAtATime = 3;
/** services/stream-processor/chain-stream.ts: statements of a process under way, of batches and windows together. */
export const statementsAtATime = 3;
/** services/stores/networked/kafka-consumer.ts: how long the partitions of a member that was killed are nobody's. */
export const sessionTimeoutSeconds = 10;

/** services/stream-processor/chain-schedule.ts: a network's windows are computed no more often, and rest so many times as long as they took. */
export const windowPaceSeconds = { minute: 5, hour: 60, day: 300 };
export const windowRestFactor = { minute: 10, hour: 20, day: 20 };
/** The same: of each network, for each size, the process that its messages come to asks what others left. */
export const windowSearchSeconds = 600;

/** services/system.ts: where the bus is Kafka; 5 in one process. */
export const barFlushSeconds = 1;
/** services/stream-processor/market-sink.ts: between two inserts of a process. */
export const barLingerSeconds = 0.25;

/** services/market-collector/binance/markets.ts (spot) and rest/weight-budget.ts. */
export const binance = {
  weightPerMinute: 6000,
  headroom: 0.9,
  snapshotWeight: 50,
  streamsPerPair: 3,
  pairsPerConnection: 50,
  streamsPerConnectionMax: 1024,
  connectsPer5Minutes: 300,
};
