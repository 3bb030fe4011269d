/** JSON-RPC to our own anvil: small, with a time limit for each request, and results checked where they are used. */

export type NodeCall = readonly [method: string, params?: readonly unknown[]];
export type NodeAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly message: string };

export interface NodeRpc {
  /** @throws if the node refuses or does not answer in time */
  call(method: string, params?: readonly unknown[]): Promise<unknown>;
  /** One answer a call, in order; a refused call does not spoil the others. @throws if the node does not answer in time */
  batch(calls: readonly NodeCall[]): Promise<readonly NodeAnswer[]>;
}

const timeoutMs = 10_000;

export function createNodeRpc(url: string): NodeRpc {
  async function batch(calls: readonly NodeCall[]): Promise<readonly NodeAnswer[]> {
    const body = calls.map(([method, params = []], id) => ({ jsonrpc: '2.0', id, method, params }));
    const response = await postJson(url, body, timeoutMs);
    const answers: unknown = await response.json();
    if (!Array.isArray(answers)) throw new Error(`${url} did not answer a batch with a list`);
    const byId = new Map<unknown, NodeAnswer>(answers.filter(isRecord).map((answer) => [answer.id, answerOf(answer)]));
    return calls.map((_, id) => byId.get(id) ?? { ok: false, message: 'no answer' });
  }

  return {
    batch,
    async call(method, params = []) {
      const [answer] = await batch([[method, params]]);
      return resultOf(answer, method);
    },
  };
}

/** Sends one JSON-RPC request; the body of the answer is still to be read, under the same time limit. */
export async function postJson(url: string, body: unknown, limitMs: number): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(limitMs),
  });
  if (!response.ok) throw new Error(`${url} answered HTTP ${response.status}`);
  return response;
}

function answerOf({ result, error }: Record<string, unknown>): NodeAnswer {
  if (error === undefined) return { ok: true, result };
  return { ok: false, message: isRecord(error) ? String(error.message) : String(error) };
}

export function resultOf(answer: NodeAnswer | undefined, method: string): unknown {
  if (answer === undefined || !answer.ok) throw new Error(`${method}: ${answer?.message ?? 'no answer'}`);
  return answer.result;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON-RPC quantity: `0x1f`. */
export function parseQuantity(value: unknown, what: string): bigint {
  if (typeof value !== 'string' || !/^0x[0-9a-f]+$/i.test(value)) throw new Error(`${what} is no quantity: ${value}`);
  return BigInt(value);
}
