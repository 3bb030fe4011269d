import { cacheContract } from './cache-contract.ts';
import { createEmbeddedCache } from './embedded/cache.ts';

cacheContract('embedded', async () => ({ part: createEmbeddedCache(), stop: async () => {} }));
