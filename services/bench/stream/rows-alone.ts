import type { RunContext, Work } from '../bench.ts';
import { flows } from './flows.ts';
import type { StreamInput } from './input.ts';
import { openSource } from './source.ts';
import { openStore } from './store.ts';

/** The same bus, the same reading and the same inserts, but no marks, no windows and no minutes: what these cost until the last acknowledgement is the difference. */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as StreamInput;
  const { topic, store: write } = flows[input.flow];
  const store = await openStore(input);
  const { bus, handled, close } = await openSource(input);
  return {
    run: async () => {
      await bus.subscribe(topic, 'bench.rows-alone', async ({ messages, id }) => {
        const values = messages.map(({ value }) => value);
        await write(store.timeseries, values, id);
      });
      await handled;
      return input.rows;
    },
    rows: store.lines,
    close: async () => {
      await close();
      await store.close();
    },
  };
}
