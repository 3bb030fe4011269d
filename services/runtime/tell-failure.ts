import { styleText } from 'node:util';
import { ConfigurationError, describeError, exitCodeOf, RetryableError } from './errors.ts';

/** Says on stderr what ended a command, and returns the exit code for it: see `exitCodeOf`. */
export function tellFailure(error: unknown): number {
  const isForTheUser = error instanceof ConfigurationError || error instanceof RetryableError;
  const mark = styleText('red', 'error', { stream: process.stderr });
  // Anything else is a defect, and its stack says where.
  const stack = !isForTheUser && error instanceof Error ? `\n${error.stack}` : '';
  process.stderr.write(`${mark} ${isForTheUser ? error.message : describeError(error)}${stack}\n`);
  return exitCodeOf(error);
}
