import { stripVTControlCharacters } from 'node:util';

/** Columns padded to their widest cell, whatever its colours; a column that is empty throughout is left out. */
export function alignTable(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const columns = titles.flatMap((_, column) => (rows.some((row) => (row[column] ?? '') !== '') ? [column] : []));
  const widthOf = (text: string): number => [...stripVTControlCharacters(text)].length;
  const all = [titles, ...rows];
  const widths = columns.map((column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
  const isNumber = columns.map((column) =>
    rows.every((row) => /^[+~−]?[\d.,]*( (USD|EUR).*)?$/.test(stripVTControlCharacters(row[column] ?? ''))),
  );
  return all.map((row) =>
    columns
      .map((column, index) => {
        const text = row[column] ?? '';
        const pad = ' '.repeat((widths[index] ?? 0) - widthOf(text));
        return isNumber[index] === true ? pad + text : text + pad;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** The head of a Markdown table. */
export function markdownHeader(titles: readonly string[]): string[] {
  return [markdownRow(titles), markdownRow(titles.map(() => '---'))];
}

export function markdownRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

/** Markdown for what stands as it is: a name, a path, a field. */
export function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``;
}
