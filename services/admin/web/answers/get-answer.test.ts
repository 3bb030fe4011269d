import { afterEach, describe, expect, it, vi } from 'vitest';
import { AnswerError, getAnswer } from './get-answer.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe(getAnswer, () => {
  it('gives the answer as it was checked', async () => {
    expect(await ask(Response.json({ n: 1 }))).toEqual({ checked: { n: 1 } });
  });

  it('tells what the service says instead of an answer, and what it means if it says nothing', async () => {
    const problem = { title: 'Away', detail: 'The analytics API cannot be reached.', status: 503 };
    expect(await failureOf(Response.json(problem, { status: 503 }))).toEqual([503, problem.detail]);
    expect(await failureOf(new Response('<html>', { status: 502 }))).toEqual([
      502,
      'The server answered 502 without saying why.',
    ]);
    const [, signedOut] = await failureOf(Response.json({ message: 'Unauthorized' }, { status: 401 }));
    expect(signedOut).toContain('Sign in again');
  });

  it('takes an answer that breaks off, or a server that cannot be reached, for one that is away', async () => {
    const broken = new Response(new ReadableStream({ start: (body) => body.error(new TypeError('broken')) }));
    expect((await failureOf(broken))[0]).toBe(0);
    expect((await failureOf(new TypeError('Failed to fetch')))[0]).toBe(0);
  });
});

async function ask(answer: Response | Error): Promise<unknown> {
  vi.stubGlobal('fetch', () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)));
  return getAnswer('x', (checked) => ({ checked }), new AbortController().signal);
}

async function failureOf(answer: Response | Error): Promise<[number, string]> {
  const error: unknown = await ask(answer).catch((reason: unknown) => reason);
  if (!(error instanceof AnswerError)) throw error;
  return [error.status, error.message];
}
