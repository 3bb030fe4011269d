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
} as const satisfies Record<string, Metric>;
