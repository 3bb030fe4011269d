import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadOrder, LoadResult } from './load-process.ts';

/** Starts the load generator; `address` is where it takes orders. */
export async function startLoad(): Promise<{ address: string; process: ChildProcess }> {
  const child = fork(fileURLToPath(new URL('load-process.ts', import.meta.url)));
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`The load generator ended with ${code} before it was ready.`);
  });
  const [address] = (await Promise.race([once(child, 'message'), exited])) as [string];
  exited.catch(() => undefined); // it is killed when the bench is over
  return { address, process: child };
}

/** Asks without pause for the time given. Throws when an answer is missing, or is none of those that are expected. */
export async function load(address: string, order: LoadOrder): Promise<LoadResult> {
  const answer = await fetch(address, { method: 'POST', body: JSON.stringify(order) });
  if (!answer.ok) throw new Error(`Under load: ${await answer.text()}`);
  return (await answer.json()) as LoadResult;
}
