import { type RefObject, useState } from 'react';
import { SimpleTable } from './simple-table.tsx';

/** A chart, and the same figures as a table for who cannot see it or wants to know what it shows to the digit. */
export function ChartFigure({
  label,
  box,
  heightPx,
  columns,
  rows,
}: {
  readonly label: string;
  /** What the chart is drawn into. */
  readonly box: RefObject<HTMLDivElement | null>;
  readonly heightPx: number;
  /** Titles beside the time's. */
  readonly columns: readonly string[];
  /** Texts of the rows, the time first; made when the table is opened. */
  readonly rows: () => readonly (readonly string[])[];
}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <figure className="chart" aria-label={label}>
      <div ref={box} style={{ minHeight: heightPx }} aria-hidden="true" />
      <figcaption>
        <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary className="muted">{label} as a table</summary>
          {isOpen ? (
            <SimpleTable
              caption={`${label} as a table`}
              columns={[
                { title: 'Time', cell: ([time]) => time },
                ...columns.map((title, at) => ({
                  title,
                  align: 'end' as const,
                  cell: (row: readonly string[]) => row[at + 1],
                })),
              ]}
              rows={rows()}
              keyOf={([time = '']) => time}
              maxHeightPx={260}
            />
          ) : null}
        </details>
      </figcaption>
    </figure>
  );
}
