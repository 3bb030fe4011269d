import { useParams } from 'wouter';
import { catalogInForce } from '../../answers/admin.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Age } from '../../ui/age.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Digest } from '../../ui/digest.tsx';
import { AnswerPanel } from '../../ui/panel.tsx';
import { Loading } from '../../ui/states.tsx';
import { EntriesTable } from './entries-table.tsx';
import { EntryPanel } from './entry-panel.tsx';
import { EnvironmentsPanel } from './environments-panel.tsx';
import { KindLinks } from './kind-links.tsx';
import { PromotionPanel } from './promotion-panel.tsx';
import { RunningPanel } from './running-panel.tsx';

/** What is in force here, entry by entry, and what a promotion would bring to production. */
export function CatalogPage() {
  const { kind, id } = useParams<{ kind?: string; id?: string }>();
  const catalog = useAnswer(catalogInForce);
  if (catalog.isPending) return <Loading heightPx={640} />;
  return (
    <>
      <AnswerPanel title="In force here" answer={catalog} heightPx={84}>
        {({ digest, since, refused, whole, kinds }) => (
          <>
            <p>
              <Digest value={digest} /> since <Age ms={since} />
              {whole ? null : <Badge tone="accent">a part of the catalog</Badge>}
            </p>
            {refused.map((problem) => (
              <p key={problem} style={{ marginTop: 6 }}>
                <Badge tone="bad">refused</Badge> <code>{problem}</code>
              </p>
            ))}
            <KindLinks kinds={kinds} current={kind} />
          </>
        )}
      </AnswerPanel>
      {kind === undefined ? (
        <>
          <EnvironmentsPanel />
          <RunningPanel />
          <PromotionPanel />
        </>
      ) : id === undefined ? (
        <EntriesTable kind={kind} />
      ) : (
        <EntryPanel kind={kind} id={id} />
      )}
    </>
  );
}
