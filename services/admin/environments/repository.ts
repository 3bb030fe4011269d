import { describeError, RetryableError } from '../../runtime/errors.ts';
import type { Secret } from '../../runtime/settings.ts';
import type { ReadProjectFile } from './folder.ts';

export interface RepositoryOptions {
  /** The project in GitLab's API: `https://gitlab.com/api/v4/projects/group%2Fproject`. */
  readonly url: string;
  /** Branch, tag or commit. */
  readonly ref: string;
  /** One that may read the repository; a public project needs none. */
  readonly token: Secret | undefined;
  readonly timeoutMs?: number;
  /** Unix milliseconds. */
  readonly clock?: () => number;
}

interface Kept {
  readonly etag: string;
  readonly text: string;
}

/** A lock of 500 networks and 2,000 pairs has one megabyte. */
const bytesMax = 16 * 1024 * 1024;
/** If GitLab does not say how long it wants to be left alone. */
const pauseMs = 60_000;

/**
 * Files of a project by GitLab's API, https://docs.gitlab.com/api/repository_files/#get-raw-file-from-repository. What has
 * not changed since is not sent again (ETag), and after 429 nothing is asked until Retry-After is over. Throws RetryableError
 * with what a person has to know and no token.
 */
export function createRepositoryReader(options: RepositoryOptions): ReadProjectFile {
  const { url, ref, token, timeoutMs = 10_000, clock = Date.now } = options;
  const kept = new Map<string, Kept>();
  let pausedUntil = 0;

  async function ask(path: string): Promise<Response> {
    const known = kept.get(path);
    return fetch(`${url}/repository/files/${encodeURIComponent(path)}/raw?ref=${encodeURIComponent(ref)}`, {
      headers: {
        ...(token === undefined ? {} : { 'private-token': token.reveal() }),
        ...(known === undefined ? {} : { 'if-none-match': known.etag }),
      },
      // A sign-in page instead of a file: where tokens are asked for, and the token would go elsewhere.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
  }

  /** What an answer without the file means: undefined if there is no such file. */
  async function absence(path: string, response: Response): Promise<undefined> {
    const text = (await response.text()).slice(0, 300);
    if (response.status === 404 && /file not found/i.test(text)) return undefined;
    if (response.status === 429) {
      const seconds = Number(response.headers.get('retry-after'));
      const waitMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : pauseMs;
      pausedUntil = clock() + waitMs;
    }
    throw new RetryableError(`${path} of ${url}, ${ref}: ${meaningOf(response.status, text)}`);
  }

  return async (path) => {
    const waitMs = pausedUntil - clock();
    if (waitMs > 0) {
      throw new RetryableError(`${url}: was asked too often, and is asked again in ${Math.ceil(waitMs / 1000)} s`);
    }
    try {
      const response = await ask(path);
      const known = kept.get(path);
      if (response.status === 304 && known !== undefined) return known.text;
      if (response.status !== 200) return await absence(path, response);
      const text = await bodyOf(path, response);
      const etag = response.headers.get('etag');
      if (etag === null) kept.delete(path);
      else kept.set(path, { etag, text });
      return text;
    } catch (error) {
      if (error instanceof RetryableError) throw error;
      const reason =
        error instanceof Error && error.name === 'TimeoutError' ? `no answer in ${timeoutMs} ms` : describeError(error);
      throw new RetryableError(`${path} of ${url}, ${ref}: ${reason}`);
    }
  };
}

async function bodyOf(path: string, response: Response): Promise<string> {
  const text = await response.text();
  if (text.length > bytesMax) throw new RetryableError(`${path}: has more than ${bytesMax} bytes`);
  return text;
}

function meaningOf(status: number, text: string): string {
  switch (status) {
    case 401:
      return 'the token is wrong or has expired (401): renew REPOSITORY_TOKEN';
    case 403:
      return 'the token may not read the repository (403): it needs read_repository or read_api';
    case 404:
      return 'there is no such project or branch, or the token may not see it (404): check REPOSITORY_URL, REPOSITORY_REF and REPOSITORY_TOKEN';
    case 429:
      return 'GitLab was asked too often (429)';
    default:
      return status >= 300 && status < 400
        ? `it leads elsewhere (${status}), as GitLab does for whoever has to sign in: check REPOSITORY_URL and REPOSITORY_TOKEN`
        : `answered ${status}: ${text}`;
  }
}
