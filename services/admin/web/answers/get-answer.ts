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
/** The APIs give up on a reading after 30 seconds, and the dashboard's server on an API after 35. */
const timeoutMs = 40_000;

/** Asks for `path`, relative to the page's base. Throws `AnswerError`, or `NotUnderstood` for an answer of another form. */
export async function getAnswer<T>(path: string, check: Check<T>, signal: AbortSignal): Promise<T> {
  const { status, isOk, text } = await reach(path, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
  const body = parsed(text);
  if (isOk) return check(body);
  throw problemOf(status, body);
}

async function reach(path: string, signal: AbortSignal): Promise<{ status: number; isOk: boolean; text: string }> {
  try {
    const headers = { accept: 'application/json' };
    const response = await fetch(`${import.meta.env.BASE_URL}api/${path}`, { signal, headers });
    return { status: response.status, isOk: response.ok, text: await response.text() };
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new AnswerError(0, 'The dashboard’s server does not answer.');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function problemOf(status: number, body: unknown): AnswerError {
  try {
    const { title, detail } = checkProblem(body);
    return new AnswerError(status, detail ?? title);
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    // By the gateway, whose answers are no problems of ours.
    if (status === 401)
      return new AnswerError(status, 'You are not signed in any more. Sign in again, then reload the page.');
    if (status === 403) return new AnswerError(status, 'You may not see this: ask somebody for the role that may.');
    return new AnswerError(status, `The server answered ${status} without saying why.`);
  }
}
