/** The program may succeed if it is started again: a store is down, a port is still being released. Exit code 75 (EX_TEMPFAIL). */
export class RetryableError extends Error {
  override readonly name = 'RetryableError';
}

/** Starting again cannot help: somebody must change the configuration, the catalog or the machine. Exit code 1. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/**
 * The exit code for an error, by sysexits.h: 75 asks Kubernetes or a person to try again, 1 asks for a change first.
 * An error of neither family is a defect of ours, and a restart may well get past it: 75.
 */
export function exitCodeOf(error: unknown): 1 | 75 {
  return error instanceof ConfigurationError ? 1 : 75;
}

/** One line that says what happened, with the chain of causes, and no stack: `opening PostgreSQL: connect ECONNREFUSED`. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && at !== null && parts.length < 5; ) {
    if (at instanceof AggregateError && at.message === '') {
      parts.push(at.errors.map(describeError).join('; '));
      break;
    }
    const text = at instanceof Error ? at.message || at.name : String(at);
    if (!parts.some((part) => part.includes(text))) parts.push(text);
    at = at instanceof Error ? at.cause : undefined;
  }
  return parts.join(': ');
}
