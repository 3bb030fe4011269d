import type { RunContext, Work } from '../bench.ts';
import { flows } from './flows.ts';
import { readCatalog, type StreamInput } from './input.ts';
import { openSource } from './source.ts';
import { openStore } from './store.ts';

/** The part of stream-processor, from when it subscribes until it has acknowledged the last message. */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as StreamInput;
  const catalog = readCatalog(input);
  const store = await openStore(input);
  const { bus, handled, close } = await openSource(input);
  let stop = async (): Promise<void> => {};
  return {
    run: async () => {
      ({ stop } = await flows[input.flow].start({ bus, timeseries: store.timeseries, catalog }));
      await handled;
      return input.rows;
    },
    rows: store.lines,
    close: async () => {
      await stop();
      await close();
      await store.close();
    },
  };
}
