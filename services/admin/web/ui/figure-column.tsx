import type { Column } from './data-table.tsx';
import { Figure } from './figure.tsx';

/** A column of figures: each as people read it, sorted by what the API gave. */
export function figureColumn<Row>({
  value,
  format,
  ...column
}: {
  readonly id: string;
  readonly title: string;
  readonly hint?: string;
  readonly value: (row: Row) => number | null | undefined;
  readonly format: (value: number) => string;
}): Column<Row> {
  return {
    ...column,
    align: 'end',
    sortBy: value,
    cell: (row) => {
      const figure = value(row);
      return <Figure value={figure}>{figure === null || figure === undefined ? null : format(figure)}</Figure>;
    },
  };
}
