/** A table whose columns are as wide as their widest cell, as prettier would write it: the first to the left, figures to the right. */
export function renderMarkdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  alignRight = true,
): string {
  const widths = head.map((cell, at) => Math.max(3, cell.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const isRight = (at: number): boolean => alignRight && at > 0;
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, at) => (isRight(at) ? (cells[at] ?? '').padStart(width) : (cells[at] ?? '').padEnd(width))).join(' | ')} |`;
  const rule = widths.map((width, at) => (isRight(at) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

/** Two or three figures, thousands apart: what a model knows. */
export function figure(value: number): string {
  if (value === 0) return '0';
  const digits = Math.abs(value) >= 1000 ? 3 : 2;
  const rounded = Number(value.toPrecision(digits));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

/** A count, all its digits. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

export function gigabytes(gb: number): string {
  return gb >= 1000 ? `${figure(gb / 1000)} TB` : `${figure(gb)} GB`;
}

export function percent(share: number): string {
  return `${figure(100 * share)} %`;
}

export function seconds(value: number): string {
  return `${figure(value)} s`;
}
