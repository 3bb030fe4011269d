import { etagOf } from '../caching.ts';

/**
 * The ETag of an answer: over all that it says but `lag`, which moves on while the data stays.
 * `request.url` and the version keep apart what is written differently.
 */
export function answerTagOf(version: string, url: string, answer: unknown): string {
  return etagOf(
    version,
    url,
    JSON.stringify(answer, (key, value: unknown) => (key === 'lag' ? undefined : value)),
  );
}
