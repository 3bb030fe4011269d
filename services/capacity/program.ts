// What the program does by its code and settings, which is no measurement: each with the file that says so.

/** environments/production/environment.yaml, `sync`. */
export const pollSeconds = 12;
export const rpcCallsPerSecondMax = 25;
export const rpcRequestsAtOnceMax = 20;

/** services/chain-sync/evm/evm-reader.ts: chain id, head and final head, from every endpoint at each poll. */
export const callsPerPoll = 3;
/** eth_getBlockByNumber and eth_getBlockReceipts. */
export const callsPerBlock = 2;

/** services/chain-relay/module.ts: after a round of few rows. One that finds none waits for a commit, of whichever network. */
export const relayLingerSeconds = 0.25;

/** services/stores/networked/kafka-consumer.ts: batches of different partitions that one member has in hand; chain-stream.ts: statements. */
export const partitionsAtATime = 3;
/** The same: how long the partitions of a member that was killed are nobody's. */
export const sessionTimeoutSeconds = 10;

/** services/market-collector/bar-writer.ts. */
export const barFlushSeconds = 5;
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

/** Settings of ClickHouse, max_partitions_per_insert_block: the tables of chains have a partition a network. */
export const partitionsPerInsertMax = 100;
