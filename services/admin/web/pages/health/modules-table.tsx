import type { StatusAnswer } from '../../../../contracts/admin-answers.ts';
import { Badge } from '../../ui/badge.tsx';
import { nameOf, type Process } from '../../ui/process.ts';
import { type SimpleColumn, SimpleTable } from '../../ui/simple-table.tsx';

type ModuleState = NonNullable<StatusAnswer['modules']>[number];

interface Row {
  readonly process: string;
  readonly module: ModuleState;
  readonly key: string;
}

/** The parts of all processes; what is not well first. */
export function ModulesTable({ processes }: { readonly processes: readonly Process[] }) {
  const rows = processes
    .flatMap((process) =>
      (process.status?.modules ?? []).map((module) => ({
        process: nameOf(process),
        module,
        key: `${process.address} ${module.name}`,
      })),
    )
    .toSorted((a, b) => Number(a.module.ok) - Number(b.module.ok));
  return (
    <SimpleTable
      caption="Modules and stores of the processes"
      columns={columns}
      rows={rows}
      keyOf={({ key }) => key}
      maxHeightPx={480}
    />
  );
}

const columns: readonly SimpleColumn<Row>[] = [
  { title: 'Module', cell: ({ module }) => <strong>{module.name}</strong> },
  {
    title: 'State',
    cell: ({ module }) => (module.ok ? <Badge tone="good">well</Badge> : <Badge tone="bad">not well</Badge>),
  },
  { title: 'Process', cell: ({ process }) => process },
  { title: 'What it says', cell: ({ module }) => module.detail ?? <span className="muted">–</span> },
];
