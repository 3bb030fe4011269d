import type { ProcessesAnswer } from '../../../../contracts/admin-answers.ts';
import { Age } from '../../ui/age.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Digest } from '../../ui/digest.tsx';
import { type SimpleColumn, SimpleTable } from '../../ui/simple-table.tsx';

export type Process = ProcessesAnswer['processes'][number];

/** What a process is called: what it runs. */
export function nameOf({ address, status }: Process): string {
  if (status === null) return address;
  const { service, shard, targets } = status;
  const [first = address, ...others] = targets;
  const name = service ?? (others.length < 2 ? targets.join(', ') : `${first} and ${others.length} more`);
  return shard === null ? name : `${name} ${shard}`;
}

export function ProcessesTable({ processes }: { readonly processes: readonly Process[] }) {
  return <SimpleTable caption="Processes" columns={columns} rows={processes} keyOf={({ address }) => address} />;
}

const columns: readonly SimpleColumn<Process>[] = [
  { title: 'Runs', cell: (process) => <strong title={process.status?.targets.join(', ')}>{nameOf(process)}</strong> },
  { title: 'State', cell: (process) => <ProcessState process={process} /> },
  {
    title: 'Catalog',
    cell: ({ status, asExpected, expectedDigest }) => (
      <>
        <Digest value={status?.catalog?.digest} />{' '}
        {asExpected === false ? (
          <Badge tone="warn" title={`Its environment gives ${expectedDigest}`}>
            behind
          </Badge>
        ) : null}
        {asExpected === true ? <Badge tone="good">as released</Badge> : null}
      </>
    ),
  },
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
