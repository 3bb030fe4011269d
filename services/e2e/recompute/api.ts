import { setTimeout as sleep } from 'node:timers/promises';

/** Asks the API under test. */
export interface Api {
  readonly url: string;
  /** @throws unless it answers 200 */
  json<T>(path: string): Promise<T>;
  text(path: string): Promise<string>;
}

const timeoutMs = 30_000;
const attempts = 6;

/** `url` is what comes before /api/v1. */
export function createApi(url: string): Api {
  async function text(path: string): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(timeoutMs) });
      const body = await response.text();
      if (response.ok) return body;
      const waits = response.status === 429 || response.status === 503;
      if (!waits || attempt === attempts) throw new Error(`${path}: ${response.status} ${body.slice(0, 300)}`);
      await sleep(1000 * Number(response.headers.get('retry-after') ?? 1));
    }
  }
  return { url, text, json: async <T>(path: string) => JSON.parse(await text(path)) as T };
}
