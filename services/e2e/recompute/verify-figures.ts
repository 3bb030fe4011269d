import { loadCatalog } from '../../../catalog/load.ts';
import type { Platform } from '../platform.ts';
import type { Sources } from '../sources.ts';
import type { Verified } from '../verified.ts';
import { createApi } from './api.ts';
import { createPatience } from './comparison.ts';
import { createNode } from './node.ts';
import { createRawChain } from './raw-chain.ts';
import { partNames, recompute } from './recompute.ts';

/** Days follow after minutes. */
const patienceMs = 120_000;

/** Every figure of analytics that a platform answers with, and of its /ws, against the nodes, which stand still. */
export async function verifyFigures({ analyticsUrl, name }: Platform, { chains, catalog }: Sources): Promise<Verified> {
  const raw = chains.map(({ id, node: { url } }) => {
    const node = createNode({ url, requestsPerSecond: Number.POSITIVE_INFINITY });
    return [id, createRawChain({ node, blocksMax: 10_000, atOnce: 4 })] as const;
  });
  const subject = {
    api: createApi(analyticsUrl),
    chains: new Map(raw),
    startBlocks: new Map<string, number>(),
    protocols: loadCatalog(catalog).protocols,
    windows: ['1h', '7d', '30d'],
    patience: createPatience(patienceMs),
    stands: true,
  };
  const parts = await recompute(subject, { only: partNames, tell: () => undefined });
  const differences = parts.flatMap((part) => part.differences);
  return {
    rows: parts.reduce((total, { figures }) => total + figures, 0),
    lost: 0,
    doubled: 0,
    faults: differences.map(({ what, said, computed }) => `${name}: ${what}: ${said}, and by the nodes ${computed}`),
  };
}
