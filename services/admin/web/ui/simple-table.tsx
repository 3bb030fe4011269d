import type { ReactNode } from 'react';

export interface SimpleColumn<Row> {
  readonly title: string;
  readonly align?: 'start' | 'end';
  readonly cell: (row: Row) => ReactNode;
}

/** A table of few rows, in the order in which they come. For many, see DataTable. */
export function SimpleTable<Row>({
  caption,
  columns,
  rows,
  keyOf,
  maxHeightPx,
}: {
  readonly caption: string;
  readonly columns: readonly SimpleColumn<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly maxHeightPx?: number;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className="table-scroll" aria-label={caption} tabIndex={0} style={{ maxHeight: maxHeightPx }}>
      <table className="data">
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, align }) => (
              <th key={title} scope="col" className={align === 'end' ? 'end' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} data-key={keyOf(row)}>
              {columns.map(({ title, align, cell }) => (
                <td key={title} className={align === 'end' ? 'end' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
