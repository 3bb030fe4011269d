import Type from 'typebox';
import { type Check, createCheck, NotUnderstood } from './check.ts';

/** What the service said instead of an answer, by RFC 9457, or that it could not be reached. */
export class AnswerError extends Error {
  /** 0: nothing came. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const checkProblem = createCheck(
  Type.Object({ title: Type.String(), detail: Type.Optional(Type.String()), status: Type.Integer() }),
);
const timeoutMs = 20_000;

/** Asks for `path`, relative to the page's base. Throws `AnswerError`, or `NotUnderstood` for an answer of another form. */
export async function getAnswer<T>(path: string, check: Check<T>, signal: AbortSignal): Promise<T> {
  const response = await reach(path, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return check(body);
  throw problemOf(response.status, body);
}

async function reach(path: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(`${import.meta.env.BASE_URL}api/${path}`, { signal, headers: { accept: 'application/json' } });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new AnswerError(0, 'The dashboard’s server does not answer.');
  }
}

function problemOf(status: number, body: unknown): AnswerError {
  try {
    const { title, detail } = checkProblem(body);
    return new AnswerError(status, detail ?? title);
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    return new AnswerError(status, `The server answered ${status} without saying why.`);
  }
}
