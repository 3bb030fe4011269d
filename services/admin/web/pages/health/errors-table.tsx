import type { RecentError } from '../../../../contracts/admin-answers.ts';
import { Age } from '../../ui/age.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Figure } from '../../ui/figure.tsx';
import { formatCount } from '../../ui/format.ts';
import { nameOf, type Process } from '../../ui/process.ts';
import { type SimpleColumn, SimpleTable } from '../../ui/simple-table.tsx';

interface Row {
  readonly process: string;
  readonly error: RecentError;
  readonly key: string;
}

/** What the processes warned of lately, the newest first. */
export function ErrorsTable({ processes }: { readonly processes: readonly Process[] }) {
  const rows = processes
    .flatMap((process) =>
      (process.status?.recentErrors ?? []).map((error) => ({
        process: nameOf(process),
        error,
        key: `${process.address} ${error.level} ${error.message}`,
      })),
    )
    .toSorted((a, b) => b.error.lastAt - a.error.lastAt);
  return (
    <SimpleTable
      caption="Warnings and errors of the processes"
      columns={columns}
      rows={rows}
      keyOf={({ key }) => key}
      maxHeightPx={420}
    />
  );
}

const columns: readonly SimpleColumn<Row>[] = [
  { title: 'What', cell: ({ error }) => error.message },
  {
    title: 'Level',
    cell: ({ error }) => <Badge tone={error.level === 'warn' ? 'warn' : 'bad'}>{error.level}</Badge>,
  },
  { title: 'Last', cell: ({ error }) => <Age ms={error.lastAt} /> },
  {
    title: 'Times',
    align: 'end',
    cell: ({ error }) => <Figure value={error.count}>{formatCount(error.count)}</Figure>,
  },
  { title: 'Process', cell: ({ process }) => process },
  {
    title: 'The last one said',
    cell: ({ error }) => (
      <code>
        {Object.entries(error.fields)
          .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
          .join(' ')}
      </code>
    ),
  },
];
