import { parseArgs } from 'node:util';
import { suggest } from '../nearest.ts';

/** The command line is wrong: the message says how, and names the help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command line is right, but the files do not let it be done. */
export class RefusalError extends Error {
  override readonly name = 'RefusalError';
}

export interface Arguments {
  positionals: string[];
  /** Every value of each option, in order; a flag has the value `''`. */
  options: ReadonlyMap<string, readonly string[]>;
}

/** Reads `--name value` and `--name=value`. Throws a UsageError for an option that is not known, or lacks its value. */
export function parseArguments(
  argv: readonly string[],
  known: { values: readonly string[]; flags: readonly string[] },
): Arguments {
  const options = Object.fromEntries([
    ...known.values.map((name) => [name, { type: 'string', multiple: true }] as const),
    ...known.flags.map((name) => [name, { type: 'boolean' }] as const),
  ]);
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
    const given = Object.entries(values).map(([name, value]): [string, string[]] => [
      name,
      Array.isArray(value) ? value.map(String) : [''],
    ]);
    return { positionals, options: new Map(given) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const unknown = /Unknown option '--?([^'= ]+)/.exec(message)?.[1];
    if (unknown !== undefined) {
      const hint = suggest(unknown, [...known.values, ...known.flags]).replaceAll('"', '');
      throw new UsageError(`unknown option --${unknown}: ${hint}`);
    }
    throw new UsageError(message.split('. ', 1)[0] ?? message);
  }
}
