import { ProblemError } from '../runtime/http-problem.ts';

/** The forms in which rows are given. */
export const formats = ['json', 'csv', 'ndjson'] as const;
export type Format = (typeof formats)[number];

export const contentTypes: Readonly<Record<Format, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
};

const mediaTypes: ReadonlyMap<string, Format> = new Map([
  ['application/json', 'json'],
  ['text/csv', 'csv'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
]);

/**
 * The form that an Accept header likes best (RFC 9110, 12.5.1); of equals, the one named first, and JSON where any will do.
 * Throws a 406 when it takes none of them.
 */
export function formatOf(accept: string | undefined): Format {
  if (accept === undefined || accept.trim() === '') return 'json';
  let best: { readonly format: Format; readonly quality: number } | undefined;
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    const format =
      mediaTypes.get(type) ??
      (type === 'text/*' ? 'csv' : type === '*/*' || type === 'application/*' ? 'json' : undefined);
    if (format === undefined || !(quality > 0)) continue;
    if (best === undefined || quality > best.quality) best = { format, quality };
  }
  if (best !== undefined) return best.format;
  throw new ProblemError({
    status: 406,
    code: 'not-acceptable',
    title: 'There is no such form of the data',
    detail: `Accept: ${accept.slice(0, 100)} names none of ${[...mediaTypes.keys()].join(', ')}; or say it by ?format=${formats.join('|')}.`,
  });
}
