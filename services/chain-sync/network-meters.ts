import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import type { Block } from '../datasets/chain/block.ts';
import { counterOf, gaugeOf, histogramOf } from '../runtime/metrics.ts';
import { createSlidingSum } from './rate.ts';

/** What is measured of one network's sync: what Prometheus asks for, and sums over the last minutes for its report. */
export function createNetworkMeters(registry: Registry, network: string) {
  const blocks = counterOf(registry, names.blocksProcessed);
  const transactions = counterOf(registry, names.transactionsProcessed);
  const dropped = counterOf(registry, names.blocksDropped);
  const requests = counterOf(registry, names.syncRequests);
  const errors = counterOf(registry, names.syncErrors);
  const reorgs = counterOf(registry, names.reorgs);
  const reorgDepth = histogramOf(registry, names.reorgDepth, [1, 2, 4, 8, 16, 32, 64, 128]);
  const gauges = {
    speed: gaugeOf(registry, names.syncSpeed),
    errorRate: gaugeOf(registry, names.syncErrorRate),
    head: gaugeOf(registry, names.headBlock),
    synced: gaugeOf(registry, names.syncedBlock),
    remaining: gaugeOf(registry, names.backfillRemaining),
    finality: gaugeOf(registry, names.finalityTime),
  };
  const fee = gaugeOf(registry, names.gasFee);
  blocks.inc({ network }, 0);
  transactions.inc({ network }, 0);
  dropped.inc({ network }, 0);
  reorgs.inc({ network }, 0);
  return {
    blocks,
    transactions,
    dropped,
    requests,
    errors,
    reorgs,
    reorgDepth,
    ...gauges,
    requestsOver: createSlidingSum(300_000),
    errorsOver: createSlidingSum(300_000),
    blocksOver: createSlidingSum(30_000),
    /** Means over the transactions of one block; a display value, so floating point will do. */
    showFees: (block: Block): void => {
      if (block.txs.length === 0) return;
      let [l2, l1, l1Known] = [0, 0, false];
      for (const tx of block.txs) {
        l2 += Number(tx.gasUsed) * Number(tx.effectiveGasPrice ?? tx.gasPrice ?? 0);
        if (tx.l1Fee !== null) [l1, l1Known] = [l1 + Number(tx.l1Fee), true];
      }
      fee.set({ network, layer: 'l2' }, l2 / block.txs.length);
      if (l1Known) fee.set({ network, layer: 'l1' }, l1 / block.txs.length);
    },
    /** A stopped network's gauges would stand still and look alive. */
    remove: (): void => {
      for (const gauge of Object.values(gauges)) gauge.remove({ network });
      for (const layer of ['l1', 'l2']) fee.remove({ network, layer });
    },
  };
}
