import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

// A client of a WebSocket that keeps all that it is told, for the tests of those who tell it.

export interface Message {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface Client {
  readonly socket: WebSocket;
  readonly messages: readonly Message[];
  readonly closed: Promise<{ code: number; reason: string }>;
  say(message: object): void;
  until(isIt: (message: Message) => boolean): Promise<void>;
}

export async function connect(
  url: string,
  { protocols = [], ...options }: { protocols?: string[]; headers?: object; autoPong?: boolean } = {},
  path = '/ws',
): Promise<Client> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, protocols, options as object);
  const messages: Message[] = [];
  socket.on('message', (data) => void messages.push(JSON.parse(String(data))));
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
  await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.on('error', () => undefined);
  return {
    socket,
    messages,
    closed,
    say: (message) => socket.send(JSON.stringify(message)),
    until: (isIt) =>
      until(() => messages.some(isIt)).catch(() => {
        const last = messages.slice(-5).map((message) => JSON.stringify(message).slice(0, 200));
        throw new Error(`${isIt} was not met; the last messages are ${last.join(' ')}`);
      }),
  };
}

export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 90_000; !(await isTrue()); await delay(5)) {
    if (Date.now() > end) throw new Error(`waited too long for ${isTrue}`);
  }
}
