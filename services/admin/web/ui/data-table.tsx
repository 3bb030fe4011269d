import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useMemo, useRef, useState } from 'react';
import { compareValues, type SortValue } from './sort.ts';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** Said when the title is pointed at. */
  readonly hint?: string;
  readonly align?: 'start' | 'end';
  readonly cell: (row: Row) => ReactNode;
  /** With it, the column can be sorted by. What is not known comes last either way. */
  readonly sortBy?: (row: Row) => SortValue;
}

interface Sort {
  readonly column: string;
  readonly down: boolean;
}

const rowPx = 36;

/**
 * Rows of any number, of which only those in sight are drawn. Sorted by a click on a title; the arrow keys, Home, End and the page
 * keys walk through the rows, Enter opens one.
 */
export function DataTable<Row>({
  caption,
  columns,
  rows,
  keyOf,
  onOpen,
  sortedBy,
  empty,
}: {
  /** What the table is of, for who does not see it. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly onOpen?: (row: Row) => void;
  readonly sortedBy?: Sort;
  readonly empty: ReactNode;
}) {
  const [sort, setSort] = useState(sortedBy);
  const [active, setActive] = useState<string>();
  const scroll = useRef<HTMLDivElement>(null);
  const sorted = useMemo(() => sortRows(rows, columns, sort), [rows, columns, sort]);
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowPx,
    overscan: 12,
    initialRect: { width: 1_000, height: 700 },
  });
  const shown = virtual.getVirtualItems();
  const before = shown[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (shown.at(-1)?.end ?? 0);
  const activeAt = Math.max(
    0,
    sorted.findIndex((row) => keyOf(row) === active),
  );

  function onKeyDown(event: KeyboardEvent): void {
    if (!(event.target instanceof HTMLTableRowElement)) return;
    const page = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 0) / rowPx) - 2);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    const row = sorted[activeAt];
    if (event.key === 'Enter' && row !== undefined) onOpen?.(row);
    if (step === undefined) return;
    event.preventDefault();
    focusRow(Math.min(sorted.length - 1, Math.max(0, activeAt + step)));
  }

  function focusRow(at: number): void {
    const row = sorted[at];
    if (row === undefined) return;
    setActive(keyOf(row));
    virtual.scrollToIndex(at);
    // Once it is drawn.
    requestAnimationFrame(() => scroll.current?.querySelector<HTMLElement>(`tr[data-index="${at}"]`)?.focus());
  }

  if (rows.length === 0) return <>{empty}</>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className="table-scroll" ref={scroll} aria-label={caption} tabIndex={0}>
      <table className="data" aria-rowcount={sorted.length + 1} onKeyDown={onKeyDown}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <HeadCell key={column.id} column={column} sort={sort} onSort={setSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 ? <Spacer heightPx={before} columns={columns.length} /> : null}
          {shown.map(({ index }) => {
            const row = sorted[index];
            if (row === undefined) return null;
            return (
              <tr
                key={keyOf(row)}
                data-index={index}
                data-key={keyOf(row)}
                aria-rowindex={index + 2}
                tabIndex={index === activeAt ? 0 : -1}
                onFocus={() => setActive(keyOf(row))}
                onDoubleClick={() => onOpen?.(row)}
              >
                {columns.map(({ id, align, cell }) => (
                  <td key={id} className={align === 'end' ? 'end' : undefined}>
                    {cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 ? <Spacer heightPx={after} columns={columns.length} /> : null}
        </tbody>
      </table>
    </section>
  );
}

function HeadCell<Row>({
  column: { id, title, hint, align, sortBy },
  sort,
  onSort,
}: {
  readonly column: Column<Row>;
  readonly sort: Sort | undefined;
  readonly onSort: (sort: Sort) => void;
}) {
  const own = sort?.column === id ? sort : undefined;
  const order = own === undefined ? 'none' : own.down ? 'descending' : 'ascending';
  return (
    <th
      scope="col"
      className={align === 'end' ? 'end' : undefined}
      title={hint}
      aria-sort={sortBy === undefined ? undefined : order}
    >
      {sortBy === undefined ? (
        title
      ) : (
        <button
          type="button"
          onClick={() => onSort({ column: id, down: own === undefined ? align === 'end' : !own.down })}
        >
          {title}
          <span aria-hidden="true">{own === undefined ? '' : own.down ? '▾' : '▴'}</span>
        </button>
      )}
    </th>
  );
}

function Spacer({ heightPx, columns }: { readonly heightPx: number; readonly columns: number }) {
  return (
    <tr className="spacer">
      <td colSpan={columns} style={{ height: heightPx }} />
    </tr>
  );
}

function sortRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sort: Sort | undefined): readonly Row[] {
  const sortBy = columns.find(({ id }) => id === sort?.column)?.sortBy;
  if (sort === undefined || sortBy === undefined) return rows;
  return rows.toSorted((a, b) => compareValues(sortBy(a), sortBy(b), sort.down));
}
