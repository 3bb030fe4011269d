import type { RunContext, Work } from '../bench.ts';
import { type BooksInput, readMessages } from './input.ts';

/**
 * The work of a subject that runs in this process: its handler gets message after message, as its own client would call
 * it, and nothing else happens meanwhile.
 */
export function applyMessages(context: RunContext, handle: (message: Buffer) => void, rows: () => string[]): Work {
  const input = context.input as BooksInput;
  const messages = readMessages(input);
  return {
    run: async (stopwatch) => {
      let at = 0;
      for (; at < input.warmUp; at++) handle(messages[at] as Buffer);
      stopwatch.begin();
      for (; at < messages.length; at++) handle(messages[at] as Buffer);
      stopwatch.end();
      return messages.length - input.warmUp;
    },
    rows: async () => rows(),
    close: async () => undefined,
  };
}
