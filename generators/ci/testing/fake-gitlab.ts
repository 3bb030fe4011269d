import type { Note } from '../gitlab.ts';
import { type Reply, startTestServer, type TestServer } from './http-server.ts';

export interface FakeGitlab extends TestServer {
  readonly notes: Note[];
}

/** Who the token is. */
export const bot = 42;

const notesPath = '/api/v4/projects/7/merge_requests/3/notes';
const noteCharsMax = 1_000_000;

/** GitLab's notes API as its documentation and its answers have it: pages of at most 100, `x-next-page`, its own error shapes. */
export async function startFakeGitlab(notes: Note[] = []): Promise<FakeGitlab> {
  const server = await startTestServer('private-token', ({ method, token, body }, url): Reply => {
    if (token !== 'glpat-test') return { status: 401, body: { message: '401 Unauthorized' } };
    if (method === 'GET' && url.pathname === '/api/v4/user')
      return { status: 200, body: { id: bot, username: 'project_7_bot' } };
    const text: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'body') : undefined;
    if (url.pathname === notesPath && method === 'GET') return pageOf(notes, url);
    if (method !== 'GET' && (typeof text !== 'string' || text === ''))
      return { status: 400, body: { error: 'body is empty' } };
    if (typeof text === 'string' && text.length > noteCharsMax)
      return { status: 400, body: { message: { note: ['is too long (maximum is 1000000 characters)'] } } };
    if (url.pathname === notesPath && method === 'POST') {
      const note = { id: 1000 + notes.length, body: String(text), system: false, author: { id: bot }, noteable_iid: 3 };
      notes.push(note);
      return { status: 201, body: note };
    }
    const index = notes.findIndex(({ id }) => url.pathname === `${notesPath}/${id}`);
    const note = notes[index];
    if (method !== 'PUT' || note === undefined) return { status: 404, body: { message: '404 Not found' } };
    if (note.author.id !== bot) return { status: 403, body: { message: '403 Forbidden' } };
    notes[index] = { ...note, body: String(text) };
    return { status: 200, body: notes[index] };
  });
  return Object.assign(server, { notes });
}

function pageOf(notes: readonly Note[], url: URL): Reply {
  const size = Math.min(Number(url.searchParams.get('per_page') ?? 20), 100);
  const page = Number(url.searchParams.get('page') ?? 1);
  const hasNext = notes.length > page * size;
  return {
    status: 200,
    headers: { 'x-page': String(page), 'x-next-page': hasNext ? String(page + 1) : '' },
    body: notes.slice((page - 1) * size, page * size),
  };
}
