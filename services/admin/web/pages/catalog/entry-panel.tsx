import { Link } from 'wouter';
import { entriesOf } from '../../answers/admin.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { AnswerPanel } from '../../ui/panel.tsx';
import { EmptyState } from '../../ui/states.tsx';

/** One entry as the catalog has it. */
export function EntryPanel({ kind, id }: { readonly kind: string; readonly id: string }) {
  const answer = useAnswer(entriesOf(kind));
  return (
    <AnswerPanel
      title={`${kind} ${id}`}
      answer={answer}
      heightPx={120}
      aside={<Link href={`/catalog/${kind}`}>All of this kind</Link>}
    >
      {({ entries }) => {
        const found = entries.find((entry) => entry.id === id);
        if (found === undefined) return <EmptyState title={`The catalog in force has no ${kind} “${id}”`} />;
        return (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
          <pre className="mono entry" tabIndex={0}>
            {JSON.stringify(found.entry, null, 2)}
          </pre>
        );
      }}
    </AnswerPanel>
  );
}
