import { busContract } from './bus-contract.ts';
import { createEmbeddedBus } from './embedded/bus.ts';

busContract('embedded', async () => {
  const { bus, stop } = createEmbeddedBus();
  return { part: bus, stop };
});
