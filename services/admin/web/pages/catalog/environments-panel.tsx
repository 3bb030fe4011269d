import type { EnvironmentsAnswer } from '../../../../contracts/admin-answers.ts';
import { allEnvironments } from '../../answers/admin.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Age } from '../../ui/age.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Digest } from '../../ui/digest.tsx';
import { Figure } from '../../ui/figure.tsx';
import { AnswerPanel } from '../../ui/panel.tsx';
import { type SimpleColumn, SimpleTable } from '../../ui/simple-table.tsx';

type Environment = EnvironmentsAnswer['environments'][number];

/** Which catalog and which images each environment holds, as the repository has it. */
export function EnvironmentsPanel() {
  const answer = useAnswer(allEnvironments);
  return (
    <AnswerPanel
      title="Environments"
      answer={answer}
      heightPx={150}
      flush
      aside={
        answer.data === undefined ? null : (
          <span className="muted">
            {answer.data.origin.stale ? (
              <Badge tone="warn" title={answer.data.origin.error ?? undefined}>
                Could not be read again
              </Badge>
            ) : null}{' '}
            read <Age ms={answer.data.origin.readAt} />
          </span>
        )
      }
    >
      {({ environments }) => (
        <SimpleTable caption="Environments" columns={columns} rows={environments} keyOf={({ name }) => name} />
      )}
    </AnswerPanel>
  );
}

const columns: readonly SimpleColumn<Environment>[] = [
  {
    title: 'Environment',
    cell: ({ name, problems }) => (
      <>
        <strong>{name}</strong>{' '}
        {problems.length === 0 ? null : (
          <Badge tone="bad" title={problems.join('\n')}>
            {problems.length} problems
          </Badge>
        )}
      </>
    ),
  },
  { title: 'Catalog', cell: ({ catalog }) => <Digest value={catalog?.digest} /> },
  {
    title: 'Entries',
    align: 'end',
    cell: ({ catalog }) => <Figure value={catalog?.entries}>{catalog?.entries}</Figure>,
  },
  {
    title: 'Follows',
    cell: ({ follow, source }) =>
      follow === 'head' ? 'every change of main' : follow === 'lock' ? `promotions from ${source ?? 'nowhere'}` : '–',
  },
  {
    title: 'Images',
    cell: ({ images }) =>
      images.map(({ name, tag, digest }) => `${name}:${tag}${digest === null ? ', no digest yet' : ''}`).join('; '),
  },
  { title: 'Phases', cell: ({ phases }) => phases.join(', ') },
  { title: 'Domain', cell: ({ domain }) => domain ?? '–' },
];
