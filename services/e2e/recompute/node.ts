import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../../runtime/errors.ts';

/** JSON-RPC to a node, at a pace that it bears. */
export interface Node {
  /** The result as it was sent. @throws NodeError when the node refuses, after some attempts where it may be a matter of time */
  call(method: string, params: readonly unknown[]): Promise<unknown>;
}

export interface NodeOptions {
  readonly url: string;
  /** Infinity: as fast as it answers. */
  readonly requestsPerSecond: number;
}

/** What a node answered instead of a result. */
export class NodeError extends Error {
  readonly code: number;

  constructor(url: string, method: string, code: number, message: string) {
    super(`${withoutKey(url)}: ${method}: ${message} (${code})`);
    this.name = 'NodeError';
    this.code = code;
  }
}

const attempts = 5;
const timeoutMs = 20_000;
/** "Too many requests" and "limit exceeded", as nodes say it in JSON-RPC. */
const limitCodes = new Set([429, -32005, -32029]);

export function createNode({ url, requestsPerSecond }: NodeOptions): Node {
  const spaceMs = 1000 / requestsPerSecond;
  let nextMs = 0;
  let id = 0;

  async function paced(): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, nextMs);
    nextMs = at + spaceMs;
    if (at > now) await sleep(at - now);
  }

  async function ask(method: string, params: readonly unknown[]): Promise<unknown> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params }),
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((error: unknown) => {
      throw new Error(`${withoutKey(url)} cannot be reached: ${describeError(error)}`);
    });
    const text = await response.text();
    const answer = parse(text);
    if (answer?.error !== undefined) throw new NodeError(url, method, answer.error.code, answer.error.message);
    if (!response.ok || answer === undefined) throw new NodeError(url, method, response.status, text.slice(0, 200));
    return answer.result;
  }

  return {
    call: async (method, params) => {
      for (let attempt = 1; ; attempt++) {
        await paced();
        try {
          return await ask(method, params);
        } catch (error) {
          if (attempt === attempts || !isPassing(error)) throw error;
          await sleep(500 * 2 ** attempt);
        }
      }
    },
  };
}

function parse(text: string): { result?: unknown; error?: { code: number; message: string } } | undefined {
  try {
    return JSON.parse(text) as { result?: unknown; error?: { code: number; message: string } };
  } catch {
    return undefined;
  }
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof NodeError)) return true;
  return limitCodes.has(error.code) || error.code >= 500;
}

/** Providers put their keys into the path. */
function withoutKey(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
