import { describe, expect, it } from 'vitest';
import { noteMarker } from '../plan/format-markdown.ts';
import { createGitlab, type Note } from './gitlab.ts';
import { putNote } from './note.ts';
import type { Patience } from './retry.ts';
import { bot, type FakeGitlab, startFakeGitlab } from './testing/fake-gitlab.ts';

describe(putNote.name, () => {
  it('writes the note once, then changes that one', async () => {
    await using gitlab = await startFakeGitlab([noteOf({ id: 1, body: 'Looks good', author: { id: 5 } })]);

    expect(await put(gitlab, 'one pod restarts')).toEqual({ result: 'created', whole: true });
    expect(await put(gitlab, 'two pods restart')).toEqual({ result: 'updated', whole: true });

    expect(gitlab.notes.map(({ body }) => body)).toEqual(['Looks good', `${noteMarker}\ntwo pods restart`]);
  });

  it('leaves a note alone that says the same', async () => {
    await using gitlab = await startFakeGitlab();
    await put(gitlab, 'nothing changes\n');

    expect(await put(gitlab, 'nothing changes')).toEqual({ result: 'unchanged', whole: true });

    expect(gitlab.calls.filter(({ method }) => method !== 'GET')).toHaveLength(1);
  });

  it('does not add the marker to a text that begins with it', async () => {
    await using gitlab = await startFakeGitlab();

    await put(gitlab, `${noteMarker}\n# Plan`);

    expect(gitlab.notes[0]?.body).toBe(`${noteMarker}\n# Plan`);
  });

  it('finds its note behind hundreds of others, page by page', async () => {
    const many = Array.from({ length: 250 }, (_, id) => noteOf({ id, body: `comment ${id}`, author: { id: 5 } }));
    await using gitlab = await startFakeGitlab([...many, noteOf({ id: 999, body: `${noteMarker}\nold` })]);

    expect(await put(gitlab, 'new')).toEqual({ result: 'updated', whole: true });

    expect(gitlab.notes).toHaveLength(251);
    expect(
      gitlab.calls.filter(({ path }) => path.includes('/notes?')).map(({ path }) => /page=(\d)$/.exec(path)?.[1]),
    ).toEqual(['1', '2', '3']);
  });

  it('takes neither a quotation by somebody else nor a system note for its own', async () => {
    await using gitlab = await startFakeGitlab([
      noteOf({ id: 1, body: `${noteMarker}\ncopied`, author: { id: 5 } }),
      noteOf({ id: 2, body: `> ${noteMarker}\n\nwhy?` }),
      noteOf({ id: 3, body: `${noteMarker} mentioned`, system: true }),
    ]);

    expect((await put(gitlab, 'plan')).result).toBe('created');
  });

  it('waits as long as GitLab asks, by Retry-After or by the end of the window', async () => {
    await using gitlab = await startFakeGitlab();
    const limited = { message: { error: 'Retry later' } };
    gitlab.failures.push(
      { status: 429, headers: { 'retry-after': '7' }, body: limited },
      { status: 429, headers: { 'ratelimit-remaining': '0', 'ratelimit-reset': '1030' }, body: limited },
      { status: 502, body: '<html><h1>Bad Gateway</h1></html>' },
    );
    const pauses: number[] = [];

    expect((await put(gitlab, 'plan', pauses)).result).toBe('created');

    expect(pauses).toEqual([7_000, 31_000, 4_000]);
  });

  it('does not write twice when the answer to the first writing was lost', async () => {
    await using gitlab = await startFakeGitlab();
    let isLost = false;
    // After the user and the list; status 0 does what was asked and then cuts the connection.
    const lose = (): void => {
      if (!isLost && gitlab.calls.length === 2) gitlab.failures.push({ status: 0 });
      isLost ||= gitlab.calls.length === 2;
    };
    const client = clientOf(gitlab);

    const { result } = await putNote(
      { ...client, listNotes: () => client.listNotes().finally(lose) },
      'plan',
      'elsewhere',
      patienceOf([]),
    );

    expect(result).toBe('unchanged');
    expect(gitlab.notes).toHaveLength(1);
  });

  it.each([
    ['413 of the proxy', { status: 413, body: '<html><title>413 Request Entity Too Large</title></html>' }],
    ['422 of GitLab', { status: 422, body: { message: { note: ['is too long (maximum is 1000000 characters)'] } } }],
  ])('says where the plan is when it is too long for a note: %s', async (_, failure) => {
    await using gitlab = await startFakeGitlab();
    const client = clientOf(gitlab);
    const create = (body: string): Promise<Note> => {
      if (body.includes('a long plan')) gitlab.failures.push(failure);
      return client.createNote(body);
    };

    const answer = await putNote(
      { ...client, createNote: create },
      'a long plan',
      'The job "plan" has it.',
      patienceOf([]),
    );

    expect(answer).toEqual({ result: 'created', whole: false });
    expect(gitlab.notes[0]?.body).toBe(
      `${noteMarker}\nThe plan is longer than GitLab lets a note be. The job "plan" has it.`,
    );
  });

  it('does not even send a note over the limit', async () => {
    await using gitlab = await startFakeGitlab();

    expect(await put(gitlab, 'x'.repeat(1_000_001))).toEqual({ result: 'created', whole: false });
  });

  it.each([
    [401, { message: '401 Unauthorized' }, 'PLAN_NOTE_TOKEN'],
    [403, { message: '403 Forbidden' }, 'Reporter'],
    [404, { message: '404 Project Not Found' }, 'cannot see this project'],
    [422, { message: { base: ['is locked'] } }, 'is locked'],
  ])('ends at once with what to do at %i', async (status, body, said) => {
    await using gitlab = await startFakeGitlab();
    gitlab.failures.push({ status, body });

    await expect(put(gitlab, 'plan')).rejects.toThrow(said);

    expect(gitlab.calls).toHaveLength(1);
  });

  it('gives up after some attempts, and at once when it should wait for an hour', async () => {
    await using gitlab = await startFakeGitlab();
    gitlab.failures.push(...Array.from({ length: 6 }, () => ({ status: 503, body: 'maintenance' })));
    await expect(put(gitlab, 'plan')).rejects.toThrow('503 maintenance');

    gitlab.failures.push({ status: 429, headers: { 'retry-after': '3600' }, body: {} });
    await expect(put(gitlab, 'plan')).rejects.toThrow('come back in 3600 s');
  });

  it("refuses an answer that is not GitLab's", async () => {
    await using gitlab = await startFakeGitlab();
    gitlab.failures.push({ status: 200, body: '<html>Sign in</html>' });
    await expect(put(gitlab, 'plan')).rejects.toThrow('no JSON');

    gitlab.failures.push({ status: 200, body: { name: 'somebody' } });
    await expect(put(gitlab, 'plan')).rejects.toThrow('GET');
  });

  it('never shows the token', async () => {
    await using gitlab = await startFakeGitlab();
    gitlab.failures.push({ status: 401, body: { message: '401 Unauthorized' } });

    const error: unknown = await put(gitlab, 'plan').catch((thrown: unknown) => thrown);

    expect(JSON.stringify(error) + String(error)).not.toContain('glpat-test');
  });
});

function put(gitlab: FakeGitlab, text: string, pauses: number[] = []) {
  return putNote(clientOf(gitlab), text, 'elsewhere', patienceOf(pauses));
}

function clientOf(gitlab: FakeGitlab) {
  return createGitlab({ apiUrl: `${gitlab.url}/api/v4/`, token: 'glpat-test', project: '7', mergeRequest: '3' });
}

/** At 1000 s past the epoch, and nobody waits. */
function patienceOf(pauses: number[]): Patience {
  const pause = async (ms: number): Promise<void> => {
    pauses.push(ms);
  };
  return { attemptsMax: 6, pauseMsMax: 120_000, nowMs: () => 1_000_000, pause };
}

function noteOf(note: Partial<Note> & Pick<Note, 'id' | 'body'>): Note {
  return { system: false, author: { id: bot }, ...note };
}
