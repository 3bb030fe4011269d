// @ts-nocheck: type-checked against dependencies that are installed on first use only.
import { readFileSync } from 'node:fs';
import { createConfig } from 'ponder';
import { http, parseAbi } from 'viem';

// Written by services/bench/chain/ponder.ts beside this file.
const { url, chainId, firstBlock, lastBlock, senders, events, databaseUrl, batchSize } = JSON.parse(
  readFileSync('input.json', 'utf8'),
);

const range = { network: 'node', startBlock: firstBlock, endBlock: lastBlock };

/** Every block, every transaction with its receipt, every log: what chain-sync stores too. */
// biome-ignore lint/style/noDefaultExport: Ponder reads the default export
export default createConfig({
  ordering: 'multichain',
  database:
    databaseUrl === undefined
      ? { kind: 'pglite', directory: '.ponder/pglite' }
      : { kind: 'postgres', connectionString: databaseUrl },
  networks: {
    node: {
      chainId,
      transport: http(url, { timeout: 120_000, batch: batchSize > 1 ? { batchSize, wait: 0 } : false }),
      // The node is ours: no limit that it would be fair to keep to.
      maxRequestsPerSecond: 1_000_000,
    },
  },
  blocks: { everyBlock: { ...range, interval: 1 } },
  accounts: { everySender: { ...range, address: senders } },
  contracts: { everyContract: { ...range, abi: parseAbi(events) } },
});
