import { Age } from '../../ui/age.tsx';
import { Badge } from '../../ui/badge.tsx';
import { nameOf, type Process } from '../../ui/process.ts';
import { RunningCatalog } from '../../ui/running-catalog.tsx';
import { type SimpleColumn, SimpleTable } from '../../ui/simple-table.tsx';

export function ProcessesTable({ processes }: { readonly processes: readonly Process[] }) {
  return <SimpleTable caption="Processes" columns={columns} rows={processes} keyOf={({ address }) => address} />;
}

const columns: readonly SimpleColumn<Process>[] = [
  { title: 'Runs', cell: (process) => <strong title={process.status?.targets.join(', ')}>{nameOf(process)}</strong> },
  { title: 'State', cell: (process) => <ProcessState process={process} /> },
  { title: 'Catalog', cell: (process) => <RunningCatalog process={process} /> },
  { title: 'Version', cell: ({ status }) => status?.version ?? '–' },
  { title: 'Environment', cell: ({ status }) => status?.environment ?? '–' },
  { title: 'Started', cell: ({ status }) => <Age ms={status?.startedAt} /> },
  { title: 'Asked at', cell: ({ address }) => <code>{address}</code> },
];

function ProcessState({ process: { reachable, error, status } }: { readonly process: Process }) {
  if (!reachable || status === null)
    return (
      <Badge tone="bad" title={error ?? undefined}>
        no answer
      </Badge>
    );
  if (status.modules === null) return <Badge tone="accent">starting</Badge>;
  const ill = status.modules.filter(({ ok }) => !ok);
  if (ill.length > 0)
    return (
      <Badge tone="bad" title={ill.map(({ name, detail }) => `${name}: ${detail ?? 'not well'}`).join('\n')}>
        {ill.length} not well
      </Badge>
    );
  return (status.catalog?.refused.length ?? 0) > 0 ? (
    <Badge tone="warn">catalog refused</Badge>
  ) : (
    <Badge tone="good">well</Badge>
  );
}
