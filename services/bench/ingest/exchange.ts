import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ExchangeOrder, LiveOrder, ReplayOrder, Sent } from './exchange-process.ts';

/** Starts the exchange of the bench; `address` is host and port, of its REST and its streams. */
export async function startExchange(order: ExchangeOrder): Promise<{ address: string; process: ChildProcess }> {
  const child = fork(fileURLToPath(new URL('exchange-process.ts', import.meta.url)));
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`The exchange ended with ${code} before it was ready.`);
  });
  child.send(order);
  const [address] = (await Promise.race([once(child, 'message'), exited])) as [string];
  exited.catch(() => undefined); // it is killed when the bench is over
  return { address, process: child };
}

/** Sends messages of its file; resolves when the sockets have taken them. */
export async function replay(address: string, order: ReplayOrder): Promise<void> {
  await ask(address, 'replay', order);
}

/** Begins to send updates; `readSent` tells when it is over. */
export async function startLive(address: string, order: LiveOrder): Promise<void> {
  await ask(address, 'live', order);
}

export async function readSent(address: string): Promise<Sent> {
  return (await ask(address, 'sent', {})) as Sent;
}

async function ask(address: string, what: string, body: object): Promise<unknown> {
  const answer = await fetch(`http://${address}/control/${what}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`The exchange answered HTTP ${answer.status}: ${await answer.text()}`);
  return await answer.json();
}
