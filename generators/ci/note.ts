import { noteMarker } from '../plan/format-markdown.ts';
import { type Gitlab, GitlabError, refusalOf } from './gitlab.ts';
import { type Patience, withRetries } from './retry.ts';

/** GitLab's limit; a longer note is refused. */
const noteCharsMax = 1_000_000;

export type NoteResult = 'created' | 'updated' | 'unchanged';

/**
 * Makes the merge request's one plan note say `text`: writes it, or changes the one that is there, so that a merge request of
 * forty pushes has one note and nobody is told forty times.
 *
 * @param elsewhere What to say when GitLab finds the note too long: where the whole plan is.
 */
export async function putNote(
  gitlab: Gitlab,
  text: string,
  elsewhere: string,
  patience: Patience,
): Promise<{ result: NoteResult; whole: boolean }> {
  const body = bodyOf(text);
  const short = bodyOf(`The plan is longer than GitLab lets a note be. ${elsewhere}`);
  if (body.length > noteCharsMax) return { result: await put(gitlab, short, patience), whole: false };
  try {
    return { result: await put(gitlab, body, patience), whole: true };
  } catch (error) {
    if (!isTooLong(error)) throw error;
    return { result: await put(gitlab, short, patience), whole: false };
  }
}

/** Begins anew by looking for the note: after a lost answer it may be there already, and must not be written twice. */
function put(gitlab: Gitlab, body: string, patience: Patience): Promise<NoteResult> {
  return withRetries(patience, refusalOf, async () => {
    const { id: me } = await gitlab.getUser();
    const notes = await gitlab.listNotes();
    // Somebody who quotes the note has not written it, and GitLab would not let us change theirs.
    const ours = notes.find(
      (note) => !note.system && note.author.id === me && note.body.trimStart().startsWith(noteMarker),
    );
    if (ours === undefined) {
      await gitlab.createNote(body);
      return 'created';
    }
    if (normal(ours.body) === normal(body)) return 'unchanged';
    await gitlab.updateNote(ours.id, body);
    return 'updated';
  });
}

function bodyOf(text: string): string {
  return text.trimStart().startsWith(noteMarker) ? text : `${noteMarker}\n${text}`;
}

function normal(body: string): string {
  return body.replaceAll('\r\n', '\n').trim();
}

/** A proxy before GitLab says 413; GitLab itself says 400 or 422, and that the note is too long. */
function isTooLong(error: unknown): boolean {
  if (!(error instanceof GitlabError)) return false;
  const { status, message } = error;
  return status === 413 || ((status === 400 || status === 422) && /too long|too large/i.test(message));
}
