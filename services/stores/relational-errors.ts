import { ConfigurationError, RetryableError } from '../runtime/errors.ts';

// SQLSTATE classes and codes: https://www.postgresql.org/docs/18/errcodes-appendix.html
const retryableStates = /^(08...|40001|40P01|40003|53...|55P03|57014|57P0[1235]|25P03|58000|58030)$/;
const configurationStates = /^(28...|3D000)$/;
const retryableNodeCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
]);
// The driver gives these no code.
const retryableMessages =
  /Connection terminated|Query read timeout|timeout exceeded when trying to connect|connection error and is not queryable|Client was closed|Cannot use a pool after calling end|read ECONNRESET/i;
const configurationMessages =
  /does not support SSL|self[- ]signed certificate|unable to (get local issuer|verify the first) certificate|altnames|certificate has expired|SASL|password must be a string/i;

/**
 * The error to throw for what the driver threw: of our two families when the family is known, with the driver's error as
 * its cause, else the driver's error itself.
 */
export function relationalError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof RetryableError || error instanceof ConfigurationError) return error;
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  const text = `PostgreSQL: ${error.message || String(code)}`;
  if (typeof code === 'string') {
    if (retryableStates.test(code) || retryableNodeCodes.has(code)) return new RetryableError(text, { cause: error });
    // A unix socket which is not there yet, or not any more.
    if (syscall === 'connect') return new RetryableError(text, { cause: error });
    // A certificate of the URL that is not there.
    if (syscall === 'open') return new ConfigurationError(text, { cause: error });
    if (configurationStates.test(code)) return new ConfigurationError(text, { cause: error });
  }
  if (configurationMessages.test(error.message)) return new ConfigurationError(text, { cause: error });
  if (retryableMessages.test(error.message)) return new RetryableError(text, { cause: error });
  return error;
}
