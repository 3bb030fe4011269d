import { STATUS_CODES } from 'node:http';
import Type, { type Static } from 'typebox';
import { describeError, RetryableError } from './errors.ts';

/** What is wrong with one part of a request. */
export const ProblemPart = Type.Object(
  {
    parameter: Type.Optional(Type.String({ description: 'The path or query parameter, or the header' })),
    pointer: Type.Optional(Type.String({ description: 'JSON pointer into the body, as a URI fragment: `#/name`' })),
    detail: Type.String({ description: 'What is wrong with it, and what to send instead' }),
  },
  { additionalProperties: false },
);
export type ProblemPart = Static<typeof ProblemPart>;

/** RFC 9457: what every error of every API looks like. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Names the kind of problem; stable, meant for programs' }),
    title: Type.String({ description: 'The kind of problem, for people' }),
    status: Type.Integer({ minimum: 400, maximum: 599, description: 'The HTTP status' }),
    detail: Type.String({ description: 'What happened this time, and what to do' }),
    instance: Type.String({ description: 'The path that was asked for' }),
    requestId: Type.String({ description: 'Quote it when you report the problem; also in the header `x-request-id`' }),
    errors: Type.Optional(Type.Array(ProblemPart, { description: 'Every part of the request that is wrong, at once' })),
    near: Type.Optional(Type.Array(Type.String(), { description: 'Known names close to the one that is not known' })),
  },
  { additionalProperties: false, $id: 'Problem', description: 'An error, by RFC 9457' },
);
export type Problem = Static<typeof Problem>;

export const problemContentType = 'application/problem+json';

/** What a handler says of a problem; path and request id are added on the way out. */
export interface ProblemDetails {
  readonly status: number;
  /** Ends the problem's `type`: `unknown-network`. */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly ProblemPart[];
  readonly near?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown anywhere in a request, it becomes the answer. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: ProblemDetails;

  constructor(problem: ProblemDetails) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** 400 for parts of a request that are well-formed by themselves and wrong together, or in this state. */
export function invalidRequest(errors: readonly ProblemPart[]): ProblemError {
  const detail = errors.map(placeOf).join('; ');
  return new ProblemError({ status: 400, code: 'invalid-request', title: 'The request is not valid', detail, errors });
}

function placeOf({ parameter, pointer, detail }: ProblemPart): string {
  const place = parameter ?? pointer;
  return place === undefined ? detail : `${place}: ${detail}`;
}

/** How a problem goes out. */
export interface ProblemAnswer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
  /** What to log and not to tell: undefined when the caller knows it all. */
  readonly hidden?: { readonly level: 'warn' | 'error'; readonly reason: string };
}

/**
 * The answer for anything thrown. Only what was written for the caller gets out: the message of another error may hold
 * addresses or data, so it is logged under the request's id instead.
 */
export function problemAnswerOf(error: unknown, request: { readonly url: string; readonly id: string }): ProblemAnswer {
  const { headers = {}, ...details } = detailsOf(error);
  const hidden = hiddenOf(error, details.status);
  return { problem: problemOf(details, request), headers, ...(hidden === undefined ? {} : { hidden }) };
}

/** The body of a problem. */
export function problemOf(
  details: Omit<ProblemDetails, 'headers'>,
  request: { readonly url: string; readonly id: string },
): Problem {
  const { status, code, title, detail, errors, near } = details;
  return {
    type: `urn:defimon:problem:${code}`,
    title,
    status,
    detail,
    instance: request.url.split('?', 1)[0] ?? '/',
    requestId: request.id,
    ...(errors === undefined ? {} : { errors: [...errors] }),
    ...(near === undefined ? {} : { near: [...near] }),
  };
}

function detailsOf(error: unknown): ProblemDetails {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof RetryableError) {
    const detail = 'The data could not be read just now: try again in a second.';
    const headers = { 'retry-after': '1' };
    return { status: 503, code: 'try-again', title: 'Not available at this moment', detail, headers };
  }
  const status = statusOf(error);
  if (status < 500 && error instanceof Error) {
    const title = STATUS_CODES[status] ?? 'Bad Request';
    return { status, code: title.toLowerCase().replaceAll(/[^a-z]+/g, '-'), title, detail: error.message };
  }
  return {
    status: 500,
    code: 'internal-error',
    title: 'An error of ours',
    detail: 'This is a defect of ours, not of your request. It is logged under this request id.',
  };
}

/** The status that the HTTP layer itself gives an error of the client: a body too large, a URL that is none. */
function statusOf(error: unknown): number {
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'statusCode') : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

function hiddenOf(error: unknown, status: number): ProblemAnswer['hidden'] {
  if (error instanceof ProblemError || status < 500) return undefined;
  if (error instanceof RetryableError) return { level: 'warn', reason: describeError(error) };
  const stack = error instanceof Error ? error.stack : undefined;
  return { level: 'error', reason: stack ?? describeError(error) };
}
