import type { ParseMessage, Ping, Refusal } from './client-message.ts';
import { createDialogue } from './dialogue.ts';
import { createSender, type Outlet, type SendBudget, type Sender, type SenderLimits, senderLimits } from './sender.ts';
import type { Session } from './socket-route.ts';

/** What every connection of an API is given. */
export interface ConversationDeps {
  readonly clock: () => number;
  readonly limits?: SenderLimits | undefined;
  /** Shared with all other connections. */
  readonly budget: SendBudget;
}

/** One connection, before anything is followed in it. */
export interface Conversation {
  readonly sender: Sender;
  refuse(refusal: Refusal): void;
  /** It as the route keeps it; `end` ends all that is followed. */
  session(end: () => void): Session;
}

/** Takes what a client says and sends what it is told, within the limits of both ways. */
export function createConversation<M extends { readonly op: string }>(
  outlet: Outlet,
  { clock, budget, limits = senderLimits }: ConversationDeps,
  told: {
    readonly parse: ParseMessage<M | Ping>;
    readonly run: (message: M) => void;
    /** Data that was held back may flow again. */
    readonly onDrained: () => void;
    /** How one message does the work of many. */
    readonly advice: string;
  },
): Conversation {
  const { parse, run, advice, onDrained } = told;
  const sender = createSender(outlet, limits, budget, { clock, onDrained });
  const { refuse, receive } = createDialogue(sender, { parse, run, clock, advice });
  let stopped = false;
  return {
    sender,
    refuse,
    session: (end) => ({
      refuse,
      receive: (text) => {
        if (!stopped) receive(text);
      },
      check: () => sender.check(),
      close: (code, reason) => sender.close(code, reason),
      stop: () => {
        stopped = true;
        sender.stop();
        end();
      },
    }),
  };
}
