import type { ParseMessage, Ping, Refusal } from './client-message.ts';
import { createRateLimit } from './rate-limit.ts';
import type { Sender } from './sender.ts';

/** What a connection may send. */
export const dialogueLimits = {
  messagesPerSecond: 20,
  messagesAtOnce: 100,
  /** Messages beyond the rate are answered with an error, up to so many in a row. */
  refusedMax: 100,
} as const;

/** What a client says in one connection, and what it is answered. */
export interface Dialogue {
  receive(text: string): void;
  refuse(refusal: Refusal): void;
}

/** Gives what a client sends to `run`, as far as it is a message and not beyond the rate; pings are answered here. */
export function createDialogue<M extends { readonly op: string }>(
  sender: Pick<Sender, 'send' | 'close'>,
  deps: {
    readonly parse: ParseMessage<M | Ping>;
    readonly run: (message: M) => void;
    readonly clock: () => number;
    /** How one message does the work of many. */
    readonly advice: string;
  },
): Dialogue {
  const { messagesPerSecond, messagesAtOnce, refusedMax } = dialogueLimits;
  const rate = createRateLimit(messagesPerSecond, messagesAtOnce, deps.clock);
  let refusedInRow = 0;

  function refuse({ id, code, detail, near }: Refusal): void {
    const hint = near === undefined ? '' : `,"near":${JSON.stringify(near)}`;
    sender.send(`"type":"error","id":${JSON.stringify(id)},"code":"${code}","detail":${JSON.stringify(detail)}${hint}`);
  }

  function pong({ id }: Ping): void {
    sender.send(`"type":"pong","id":${JSON.stringify(id ?? null)},"time":${deps.clock()}`);
  }

  return {
    refuse,
    receive: (text) => {
      if (!rate.take()) {
        refusedInRow += 1;
        const detail = `at most ${messagesPerSecond} messages a second: ${deps.advice}`;
        if (refusedInRow > refusedMax) sender.close(1008, 'too many messages');
        else refuse({ id: null, code: 'too-many-messages', detail });
        return;
      }
      refusedInRow = 0;
      const parsed = deps.parse(text);
      if ('refusal' in parsed) refuse(parsed.refusal);
      else if (isPing(parsed.message)) pong(parsed.message);
      else deps.run(parsed.message);
    },
  };
}

function isPing<M extends { readonly op: string }>(message: M | Ping): message is Ping {
  return message.op === 'ping';
}
