/**
 * One row of PostgreSQL's COPY text format, newline included: tabs between columns, `\N` for null.
 * https://www.postgresql.org/docs/18/sql-copy.html#SQL-COPY-FILE-FORMATS-TEXT-FORMAT
 * A bytea is written as `\x` and hex. Throws on a NUL character, which no PostgreSQL text can hold.
 */
export function copyRow(values: readonly (string | number | null)[]): string {
  let row = '';
  for (let at = 0; at < values.length; at++) {
    if (at > 0) row += '\t';
    row += copyValue(values[at] ?? null);
  }
  return `${row}\n`;
}

const special = /[\\\n\r\t\0]/g;
const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function copyValue(value: string | number | null): string {
  if (value === null) return '\\N';
  if (typeof value === 'number') return String(value);
  return value.replace(special, (character) => {
    const escaped = escapes[character];
    if (escaped === undefined)
      throw new Error('PostgreSQL text cannot hold NUL: remove it, or store the value as bytea');
    return escaped;
  });
}
