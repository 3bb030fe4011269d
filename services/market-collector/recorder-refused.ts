import { appendFile, stat } from 'node:fs/promises';
import { describeError } from '../runtime/errors.ts';

/** What the store refuses for what is in it, one JSON object a line, for people to look at. */
export interface RefusedFile {
  /** Resolves to false when it could not be kept (disk full, file at its bound). Never rejects. */
  put(entry: { readonly reason: string; readonly what: unknown }): Promise<boolean>;
}

export function createRefusedFile(file: string, clock: () => number, bytesMax = 64 * 1024 * 1024): RefusedFile {
  return {
    put: async ({ reason, what }) => {
      try {
        const size = await stat(file).then(
          (found) => found.size,
          () => 0,
        );
        const line = `${JSON.stringify({ at: new Date(clock()).toISOString(), reason, what })}\n`;
        if (size + Buffer.byteLength(line) > bytesMax) return false;
        await appendFile(file, line, { mode: 0o600, flush: true });
        return true;
      } catch {
        return false;
      }
    },
  };
}

/**
 * Whether an error is about what is in a batch, so that it would be refused for ever: bad data (class 22), a broken constraint
 * (23), a value too large (54), a time that is none. All else (a missing table, a wrong password) says nothing about the rows:
 * they wait until somebody has changed it.
 * https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof RangeError) return true;
  return error instanceof Error && 'code' in error && /^(22|23|54)...$/.test(String(error.code));
}

export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return `${describeError(error)}${code}`;
}
