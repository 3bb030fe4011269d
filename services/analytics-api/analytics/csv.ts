import type { FastifyReply } from 'fastify';
import Type from 'typebox';
import { OneOf } from '../../contracts/schema.ts';

export type CsvValue = string | number | boolean | null;

/** Query parameter of what can be downloaded as a table. */
export const FormatParameter = Type.Optional(
  OneOf(['json', 'csv'], { description: 'csv: RFC 4180, the first line names the columns, null is an empty field' }),
);

/** The content of a 200 that may be a table, for `response`. */
export const csvContent = {
  'text/csv': { schema: Type.String({ description: 'RFC 4180, the first line names the columns' }) },
};

/** What must be quoted: RFC 4180, section 2, rules 6 and 7. */
const special = /[",\r\n]/;

/** A table by RFC 4180: lines end with CRLF, also the last. Null is an empty field, and an empty text `""`. */
export function renderCsv(columns: readonly string[], rows: Iterable<readonly CsvValue[]>): string {
  let text = lineOf(columns);
  for (const row of rows) text += lineOf(row);
  return text;
}

/** Gives the answer the headers of a table to download; `name` is the file's, without its extension. Returns the text to send. */
export function answerCsv(reply: FastifyReply, name: string, text: string): string {
  reply.headers({
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': `attachment; filename="${name.replaceAll(/[^A-Za-z0-9._-]+/g, '-')}.csv"`,
  });
  return text;
}

function lineOf(row: readonly CsvValue[]): string {
  return `${row.map(fieldOf).join(',')}\r\n`;
}

function fieldOf(value: CsvValue): string {
  if (value === null) return '';
  const text = String(value);
  return text === '' || special.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
