/** A plain JSON-RPC client for tests: one request, one answer, no retries, nothing clever. */
export interface JsonRpc {
  /** The result as the node gave it; the caller says what it is. @throws JsonRpcError if the node refuses */
  rpc<T = unknown>(method: string, params?: readonly unknown[]): Promise<T>;
  /** Results in the order of the calls, all in one HTTP request. @throws JsonRpcError for the first that was refused */
  batch<T = unknown>(calls: readonly JsonRpcCall[]): Promise<T[]>;
}

export type JsonRpcCall = readonly [method: string, params?: readonly unknown[]];

export class JsonRpcError extends Error {
  readonly code: number;

  constructor(method: string, code: number, message: string) {
    super(`${method}: ${message} (${code})`);
    this.name = 'JsonRpcError';
    this.code = code;
  }
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

export function createJsonRpc(url: string): JsonRpc {
  async function post<A>(body: unknown): Promise<A> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok)
      throw new Error(`${url} answered HTTP ${response.status}: ${(await response.text()).slice(0, 200)}`);
    return (await response.json()) as A;
  }

  return {
    async rpc<T>(method: string, params: readonly unknown[] = []) {
      return resultOf<T>(method, await post<Answer>(request(0, [method, params])));
    },
    async batch<T>(calls: readonly JsonRpcCall[]) {
      if (calls.length === 0) return [];
      const answers = await post<Answer[]>(calls.map((call, id) => request(id, call)));
      const byId = new Map(answers.map((answer) => [answer.id, answer]));
      return calls.map(([method], id) => resultOf<T>(method, byId.get(id)));
    },
  };
}

function request(id: number, [method, params = []]: JsonRpcCall): object {
  return { jsonrpc: '2.0', id, method, params };
}

function resultOf<T>(method: string, answer: Answer | undefined): T {
  if (answer === undefined) throw new Error(`${method}: no answer`);
  if (answer.error !== undefined) throw new JsonRpcError(method, answer.error.code, answer.error.message);
  return answer.result as T;
}
