import { ConfigurationError, RetryableError } from '../runtime/errors.ts';

// Codes: https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
// timeout, memory, too many queries or parts, read-only table, network, shutting down, Keeper.
const retryableCodes = new Set([
  '159',
  '160',
  '164',
  '201',
  '202',
  '203',
  '209',
  '210',
  '236',
  '241',
  '242',
  '243',
  '252',
  '279',
  '319',
  '394',
  '425',
  '999',
]);
// Text, number, date, array, UUID or address that is none; out of bounds or of its type's range; NULL; arrays of different sizes;
// a constraint; a row that does not fit.
const contentCodes = new Set([
  '6',
  '25',
  '26',
  '27',
  '32',
  '33',
  '38',
  '41',
  '53',
  '69',
  '70',
  '72',
  '117',
  '130',
  '131',
  '190',
  '321',
  '349',
  '376',
  '407',
  '469',
  '675',
  '676',
]);
const configurationCodes = new Set(['81', '192', '193', '194', '516']);

/**
 * The error to throw for what the client threw: of our two families when the family is known, with the client's error as its
 * cause, else the client's error itself.
 */
export function timeseriesError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof RetryableError || error instanceof ConfigurationError) return error;
  const text = `ClickHouse: ${error.message || String((error as { code?: unknown }).code)}`;
  const clickHouseCode = findClickHouseCode(error);
  if (clickHouseCode !== undefined) {
    if (retryableCodes.has(clickHouseCode)) return new RetryableError(text, { cause: error });
    if (configurationCodes.has(clickHouseCode)) return new ConfigurationError(text, { cause: error });
    return error;
  }
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^(E[A-Z]+|EAI_AGAIN)$/.test(code)) return new RetryableError(text, { cause: error });
  if (/timeout|socket hang up|terminated/i.test(error.message)) return new RetryableError(text, { cause: error });
  // Not ClickHouse's words but those of a gateway before it, in JSON or HTML: it is away, or we are too many.
  if (/^\s*(\{\s*"message"|<(!doctype|html))|upstream server/i.test(error.message))
    return new RetryableError(text, { cause: error });
  return error;
}

/** Whether the store refuses rows for what is in them: without them it would take the others. */
export function isRefusedContent(error: unknown): boolean {
  const code = findClickHouseCode(error);
  if (code === undefined || !contentCodes.has(code)) return false;
  // That is no row's fault: its table has not been migrated.
  return !/unknown field|no such column/i.test((error as Error).message);
}

/** The code of an error of the engine, such as `57` for a table that exists already; undefined for any other error. */
export function findClickHouseCode(error: unknown): string | undefined {
  // By shape: chDB throws the ClickHouseError of another copy of the client's library.
  if (!(error instanceof Error) || !('code' in error) || !('type' in error)) return undefined;
  return typeof error.code === 'string' && /^\d+$/.test(error.code) ? error.code : undefined;
}
