/** One Prometheus metric: named here once, so that the services that write it and the dashboards and alerts that read it agree. */
export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** What it counts and its unit. */
  readonly help: string;
  readonly labels: readonly string[];
}

export const metrics = {
  blocksProcessed: {
    name: 'defimon_blocks_processed_total',
    type: 'counter',
    help: 'Blocks committed, those added again after a reorg included',
    labels: ['network'],
  },
  transactionsProcessed: {
    name: 'defimon_transactions_processed_total',
    type: 'counter',
    help: 'Transactions committed, those added again after a reorg included',
    labels: ['network'],
  },
  syncSpeed: {
    name: 'defimon_sync_speed_blocks_per_second',
    type: 'gauge',
    help: 'Blocks committed a second, over the last 30 seconds',
    labels: ['network'],
  },
  syncErrors: {
    name: 'defimon_sync_errors_total',
    type: 'counter',
    help: 'Failed requests to RPC endpoints, by what went wrong',
    labels: ['network', 'endpoint', 'kind'],
  },
  syncErrorRate: {
    name: 'defimon_sync_error_rate',
    type: 'gauge',
    help: 'Failed requests as a share of all, over the last 5 minutes (0 to 1)',
    labels: ['network'],
  },
  syncRequests: {
    name: 'defimon_sync_requests_total',
    type: 'counter',
    help: 'Answered requests to RPC endpoints (a batch is one)',
    labels: ['network', 'endpoint'],
  },
  headBlock: {
    name: 'defimon_head_block',
    type: 'gauge',
    help: 'The last block the network is known to have',
    labels: ['network'],
  },
  syncedBlock: {
    name: 'defimon_synced_block',
    type: 'gauge',
    help: 'The last block we hold',
    labels: ['network'],
  },
  backfillRemaining: {
    name: 'defimon_backfill_remaining_blocks',
    type: 'gauge',
    help: 'Blocks below the head that are wanted and not held yet',
    labels: ['network'],
  },
  gasFee: {
    name: 'defimon_gas_fee_wei',
    type: 'gauge',
    help: 'Mean fee of a transaction of the last block, in wei: what it paid for execution (layer l2) and for publishing to L1 (layer l1)',
    labels: ['network', 'layer'],
  },
  finalityTime: {
    name: 'defimon_finality_seconds',
    type: 'gauge',
    help: 'Age of the newest final block when it was seen to be final',
    labels: ['network'],
  },
  reorgs: {
    name: 'defimon_reorgs_total',
    type: 'counter',
    help: 'Reorganisations followed',
    labels: ['network'],
  },
  reorgDepth: {
    name: 'defimon_reorg_depth_blocks',
    type: 'histogram',
    help: 'Blocks replaced by a reorganisation',
    labels: ['network'],
  },
  compressionRatio: {
    name: 'defimon_compression_ratio',
    type: 'gauge',
    help: 'Bytes of the columns before compression to bytes on disk, in the timeseries store',
    labels: ['network', 'table'],
  },
  relayLag: {
    name: 'defimon_relay_lag_changes',
    type: 'gauge',
    help: 'Committed changes of the chain that the bus has not got yet',
    labels: ['network'],
  },
  catalogInfo: {
    name: 'defimon_catalog_info',
    type: 'gauge',
    help: '1 for the digest of the catalog in force',
    labels: ['digest'],
  },
  catalogReloads: {
    name: 'defimon_catalog_reloads_total',
    type: 'counter',
    help: 'Changes of the catalog seen while running: accepted, or refused with the last good one kept',
    labels: ['result'],
  },
  catalogBroken: {
    name: 'defimon_catalog_broken',
    type: 'gauge',
    help: '1 while the catalog on disk is refused and the last good one is in force',
    labels: [],
  },
  httpRequests: {
    name: 'defimon_http_requests_total',
    type: 'counter',
    help: 'HTTP requests answered, by the pattern of their path and the status of the answer',
    labels: ['service', 'method', 'route', 'status'],
  },
  httpDuration: {
    name: 'defimon_http_request_duration_seconds',
    type: 'histogram',
    help: 'Time from a request to the last byte of its answer',
    labels: ['service', 'method', 'route'],
  },
  // The two that the brief names bear its names.
  collectorErrors: {
    name: 'collector_errors_total',
    type: 'counter',
    help: 'Failures, by where they come from (binance, postgresql, clickhouse, disk, collector) and what went wrong; a lost stream is one, whatever its pairs',
    labels: ['source', 'kind'],
  },
  recordsInserted: {
    name: 'records_inserted_total',
    type: 'counter',
    help: 'Records of the order books committed to PostgreSQL',
    labels: ['symbol'],
  },
  // Of every process that opens the store, whatever it does with it.
  databaseUp: {
    name: 'defimon_database_up',
    type: 'gauge',
    help: '1 if the store answered this process when it was scraped, 0 if not',
    labels: ['store'],
  },
  databaseConnections: {
    name: 'defimon_database_connections',
    type: 'gauge',
    help: 'Connections of this process to PostgreSQL: busy, idle; and callers that wait for one (waiting)',
    labels: ['state'],
  },
  cacheUp: {
    name: 'defimon_cache_up',
    type: 'gauge',
    help: '1 while Redis answers this process, 0 while the memory of the process stands in for it',
    labels: [],
  },
  cacheReads: {
    name: 'defimon_cache_reads_total',
    type: 'counter',
    help: 'Reads of the cache on Redis, by result: hit (also of what another caller was loading), miss',
    labels: ['result'],
  },
  marketSymbols: {
    name: 'defimon_market_symbols',
    type: 'gauge',
    help: 'Pairs, by the state of their books: live, waiting (for a snapshot), out (the exchange does not trade it)',
    labels: ['market', 'state'],
  },
  marketConnections: {
    name: 'defimon_market_connections',
    type: 'gauge',
    help: 'Open streams to the exchange; two for one chunk while a new one takes over',
    labels: ['market'],
  },
  marketReconnects: {
    name: 'defimon_market_reconnects_total',
    type: 'counter',
    help: 'Streams opened anew, by why: lost, or replaced before their end (the 24 h cut, an announced shutdown), which loses nothing',
    labels: ['market', 'reason'],
  },
  marketMessages: {
    name: 'defimon_market_messages_total',
    type: 'counter',
    help: 'Messages received, by kind: depth, ticker, trade, control, garbage',
    labels: ['market', 'kind'],
  },
  marketReceivedBytes: {
    name: 'defimon_market_received_bytes_total',
    type: 'counter',
    help: 'Bytes of the messages received',
    labels: ['market'],
  },
  marketDuplicates: {
    name: 'defimon_market_duplicates_total',
    type: 'counter',
    help: 'Updates dropped because another stream had brought them, or the snapshot held them',
    labels: ['market'],
  },
  marketGarbage: {
    name: 'defimon_market_garbage_total',
    type: 'counter',
    help: 'Messages that cannot be read; without a symbol where not even that can',
    labels: ['symbol'],
  },
  marketGapsOpened: {
    name: 'defimon_market_gaps_opened_total',
    type: 'counter',
    help: 'Gaps found in a book, by reason: crossed is a book whose bid is not below its ask, ticker one that is not what the stream says',
    labels: ['symbol', 'reason'],
  },
  marketGapOpen: {
    name: 'defimon_market_gap_open',
    type: 'gauge',
    help: '1 while the book of a pair has a gap',
    labels: ['symbol'],
  },
  marketResyncs: {
    name: 'defimon_market_resyncs_total',
    type: 'counter',
    help: 'Books made whole again by a snapshot',
    labels: ['symbol'],
  },
  marketSnapshots: {
    name: 'defimon_market_snapshots_total',
    type: 'counter',
    help: 'Snapshots: joined to their book, and requests that were refused (429, 418) or failed; one too old to join is asked for anew',
    labels: ['market', 'result'],
  },
  marketSnapshotsWanted: {
    name: 'defimon_market_snapshots_wanted',
    type: 'gauge',
    help: 'Pairs that wait for their turn to ask for a snapshot',
    labels: ['market'],
  },
  marketWeightUsed: {
    name: 'defimon_market_weight_used',
    type: 'gauge',
    help: 'Request weight of this address in the minute, as the exchange last counted it',
    labels: ['market'],
  },
  marketWeightBudget: {
    name: 'defimon_market_weight_budget',
    type: 'gauge',
    help: 'Request weight that this process may spend in a minute',
    labels: ['market'],
  },
  marketRefused: {
    name: 'defimon_market_refused',
    type: 'gauge',
    help: '1 until the time before which the exchange wants no requests or streams: 429 (too much), 418 (banned)',
    labels: ['market', 'status'],
  },
  marketExchangeFindings: {
    name: 'defimon_market_exchange_findings',
    type: 'gauge',
    help: '1 for what the exchange says of a pair and the catalog does not: unknown, delisted, halted, tick, step, minNotional',
    labels: ['symbol', 'finding'],
  },
  marketBookUpdated: {
    name: 'defimon_market_book_updated_timestamp_seconds',
    type: 'gauge',
    help: 'When the last update was applied to a book, by our clock',
    labels: ['symbol'],
  },
  marketWaitingBytes: {
    name: 'defimon_market_waiting_bytes',
    type: 'gauge',
    help: 'Updates kept in memory until a snapshot comes',
    labels: ['market'],
  },
  // queue: records go to PostgreSQL, bars to ClickHouse; each has a queue on disk for when its store is away.
  marketBufferedRows: {
    name: 'defimon_market_buffered_rows',
    type: 'gauge',
    help: 'Rows in memory that no store and no disk has yet, by what they are: records, bars',
    labels: ['queue'],
  },
  marketFlush: {
    name: 'defimon_market_flush_seconds',
    type: 'histogram',
    help: 'Time to commit a batch',
    labels: ['queue'],
  },
  marketDurable: {
    name: 'defimon_market_durable_seconds',
    type: 'histogram',
    help: 'From the receipt of the oldest record of a batch to its commit; one observation a batch, so the others took less',
    labels: ['queue'],
  },
  marketSpillBytes: {
    name: 'defimon_market_spill_bytes',
    type: 'gauge',
    help: 'Bytes on disk that wait for their store',
    labels: ['queue'],
  },
  marketSpillLimit: {
    name: 'defimon_market_spill_limit_bytes',
    type: 'gauge',
    help: 'Bytes that may wait on disk',
    labels: ['queue'],
  },
  marketSpillBatches: {
    name: 'defimon_market_spill_batches',
    type: 'gauge',
    help: 'Batches on disk that wait for their store',
    labels: ['queue'],
  },
  marketDroppedRows: {
    name: 'defimon_market_dropped_rows_total',
    type: 'counter',
    help: 'Rows lost because memory and disk were full; the gap is on record',
    labels: ['queue'],
  },
  marketDeadLetters: {
    name: 'defimon_market_dead_letters_total',
    type: 'counter',
    help: 'Batches that their store refuses for what is in them, put aside on disk',
    labels: ['queue'],
  },
  marketRowsByKind: {
    name: 'defimon_market_rows_total',
    type: 'counter',
    help: 'Rows committed to PostgreSQL, by kind: depth, ticker, trade, snapshot, checkpoint, gap',
    labels: ['kind'],
  },
  marketBars: {
    name: 'defimon_market_bars_total',
    type: 'counter',
    help: 'Bars committed to ClickHouse, by their length: 1s, 1m',
    labels: ['interval'],
  },
  marketClients: {
    name: 'defimon_market_clients',
    type: 'gauge',
    help: 'WebSocket clients of the market API',
    labels: [],
  },
  marketClientMessages: {
    name: 'defimon_market_client_messages_total',
    type: 'counter',
    help: 'Messages sent to WebSocket clients',
    labels: [],
  },
  marketClientsDropped: {
    name: 'defimon_market_clients_dropped_total',
    type: 'counter',
    help: 'WebSocket clients sent away, by why: slow, limit, protocol, silent, shutdown',
    labels: ['reason'],
  },
} as const satisfies Record<string, Metric>;
