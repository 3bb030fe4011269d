import Type, { type Static, type TSchema } from 'typebox';
import { parseAnswer } from './answer.ts';
import { CiError } from './ci-error.ts';
import type { Refusal } from './retry.ts';

const Note = Type.Object({
  id: Type.Integer(),
  body: Type.String(),
  /** Written by GitLab itself: "added 1 commit". */
  system: Type.Boolean(),
  author: Type.Object({ id: Type.Integer() }),
});
export type Note = Static<typeof Note>;

const User = Type.Object({ id: Type.Integer(), username: Type.String() });

/** The part of GitLab's API that a merge request's note needs. Every call throws GitlabError when it is refused. */
export interface Gitlab {
  /** Who the token is. */
  getUser(): Promise<Static<typeof User>>;
  /** All notes of the merge request, oldest first. */
  listNotes(): Promise<Note[]>;
  createNote(body: string): Promise<Note>;
  updateNote(id: number, body: string): Promise<Note>;
}

export interface GitlabOptions {
  /** CI_API_V4_URL: `https://gitlab.com/api/v4`. */
  readonly apiUrl: string;
  readonly token: string;
  /** CI_PROJECT_ID, a number or a path. */
  readonly project: string;
  /** CI_MERGE_REQUEST_IID. */
  readonly mergeRequest: string;
}

/** GitLab refused a call; `status` is undefined when no answer came. */
export class GitlabError extends CiError {
  readonly status: number | undefined;
  readonly refusal: Refusal;

  constructor(message: string, refusal: Refusal, options?: ErrorOptions) {
    super(message, options);
    this.status = refusal.status;
    this.refusal = refusal;
  }
}

const timeoutMs = 30_000;
const notesPerPage = 100;

/** Calls GitLab's REST API, each call once. */
export function createGitlab(options: GitlabOptions): Gitlab {
  const { apiUrl, token, project, mergeRequest } = options;
  const notes = `projects/${encodeURIComponent(project)}/merge_requests/${encodeURIComponent(mergeRequest)}/notes`;
  const send = (method: string, path: string, body?: string): Promise<Answer> =>
    request({ method, url: `${apiUrl.replace(/\/+$/, '')}/${path}`, token, body });
  return {
    getUser: async () => parse(User, await send('GET', 'user')),
    listNotes: async () => {
      const found: Note[] = [];
      for (let page: string | undefined = '1'; page !== undefined; ) {
        const query = new URLSearchParams({
          per_page: String(notesPerPage),
          order_by: 'created_at',
          sort: 'asc',
          page,
        });
        const answer: Answer = await send('GET', `${notes}?${query}`);
        found.push(...parse(Type.Array(Note), answer));
        // Empty on the last page.
        page = answer.nextPage === '' ? undefined : answer.nextPage;
      }
      return found;
    },
    createNote: async (body) => parse(Note, await send('POST', notes, body)),
    updateNote: async (id, body) => parse(Note, await send('PUT', `${notes}/${id}`, body)),
  };
}

/** For withRetries. */
export function refusalOf(error: unknown): Refusal | undefined {
  return error instanceof GitlabError ? error.refusal : undefined;
}

interface Answer {
  readonly from: string;
  readonly value: unknown;
  readonly nextPage: string | undefined;
}

interface Request {
  readonly method: string;
  readonly url: string;
  readonly token: string;
  readonly body: string | undefined;
}

async function request({ method, url, token, body }: Request): Promise<Answer> {
  const from = `${method} ${url.replace(/\?.*/, '')}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method,
      headers: { 'PRIVATE-TOKEN': token, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify({ body }) }),
      signal: AbortSignal.timeout(timeoutMs),
      // A redirect would carry the token to wherever it points.
      redirect: 'error',
    });
    text = await response.text();
  } catch (error) {
    const reason =
      error instanceof Error ? (error.cause instanceof Error ? error.cause : error).message : String(error);
    const silence: Refusal = { status: undefined, header: () => undefined };
    throw new GitlabError(`${from}: no answer: ${reason}; check CI_API_V4_URL and the network`, silence, {
      cause: error,
    });
  }
  const { status, headers } = response;
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  if (!response.ok) {
    throw new GitlabError(`${from}: ${status} ${reasonOf(text)}${fixOf(status)}`, { status, header });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CiError(`${from}: the answer is no JSON; check that CI_API_V4_URL is an API's address`);
  }
  return { from, value, nextPage: header('x-next-page') };
}

function parse<S extends TSchema>(schema: S, { value, from }: Answer): Static<S> {
  return parseAnswer(schema, value, from);
}

/** GitLab says `{"message": "404 Not found"}`, `{"error": "invalid_token"}` or, for a field, `{"message": {"note": ["is too long"]}}`. */
function reasonOf(text: string): string {
  const short = (value: string): string => value.replace(/\s+/g, ' ').trim().slice(0, 300);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return short(text);
    const said: unknown = Reflect.get(value, 'message') ?? Reflect.get(value, 'error') ?? value;
    return short(typeof said === 'string' ? said : JSON.stringify(said));
  } catch {
    return short(text.replace(/<[^>]*>/g, ' '));
  }
}

function fixOf(status: number): string {
  if (status === 401) return ' — the token is wrong or has expired: renew PLAN_NOTE_TOKEN';
  if (status === 403) return ' — PLAN_NOTE_TOKEN needs the scope api and the role Reporter in this project';
  if (status === 404) return ' — no such merge request, or PLAN_NOTE_TOKEN cannot see this project';
  return '';
}
