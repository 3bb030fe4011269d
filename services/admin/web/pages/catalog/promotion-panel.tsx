import type { PromotionAnswer } from '../../../../contracts/admin-answers.ts';
import { promotionOf } from '../../answers/admin.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Digest } from '../../ui/digest.tsx';
import { AnswerPanel } from '../../ui/panel.tsx';
import { type SimpleColumn, SimpleTable } from '../../ui/simple-table.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { costText } from '../pools/amounts.ts';
import { textOf } from './entry-text.ts';

/** What a promotion of staging would bring to production. */
export function PromotionPanel() {
  const answer = useAnswer(promotionOf('staging', 'production'));
  return (
    <AnswerPanel title="Staging against production" answer={answer} heightPx={180}>
      {(plan) => <Plan plan={plan} />}
    </AnswerPanel>
  );
}

function Plan({ plan }: { readonly plan: PromotionAnswer }) {
  const { entries, services, images, costs, notes } = plan;
  const moving = services.filter(({ effect }) => effect !== 'none');
  const changes = entries.added.length + entries.changed.length + entries.removed.length;
  return (
    <div style={{ display: 'grid', gap: 14 }}>
      <p>
        {plan.nothingToDo ? <Badge tone="good">the same</Badge> : <Badge tone="accent">{changes} entries differ</Badge>}{' '}
        {plan.possible ? null : <Badge tone="warn">not possible: {plan.reason}</Badge>} production{' '}
        <Digest value={plan.catalog.before} /> → staging <Digest value={plan.catalog.after} />
      </p>
      {plan.nothingToDo ? (
        <EmptyState title="Production holds what staging holds">A promotion would change nothing.</EmptyState>
      ) : (
        <>
          <p>
            To carry it out: <code>{plan.command}</code>; it shows the plan of every object first.
          </p>
          <Entries entries={entries} />
          {images.map(({ name, before, after }) => (
            <p key={name}>
              Image {name}: <code>{before ?? 'none'}</code> → <code>{after ?? 'none'}</code>
            </p>
          ))}
          {moving.length === 0 ? null : (
            <SimpleTable
              caption="Services that a promotion touches"
              columns={serviceColumns}
              rows={moving}
              keyOf={({ id, shard }) => `${id} ${shard ?? ''}`}
            />
          )}
          <SimpleTable
            caption="Cost a month of each pool"
            columns={costColumns}
            rows={costs}
            keyOf={({ pool }) => pool}
          />
        </>
      )}
      {notes.map((note) => (
        <p key={note} className="muted">
          {note}
        </p>
      ))}
    </div>
  );
}

function Entries({ entries: { added, changed, removed } }: { readonly entries: PromotionAnswer['entries'] }) {
  return (
    <ul className="findings">
      {added.map(({ kind, id }) => (
        <li key={`added ${kind} ${id}`}>
          <Badge tone="good">added</Badge> {kind} <code>{id}</code>
        </li>
      ))}
      {removed.map(({ kind, id }) => (
        <li key={`removed ${kind} ${id}`}>
          <Badge tone="bad">removed</Badge> {kind} <code>{id}</code>
        </li>
      ))}
      {changed.map(({ kind, id, fields }) => (
        <li key={`changed ${kind} ${id}`}>
          <Badge tone="accent">changed</Badge> {kind} <code>{id}</code>
          {fields.map(({ path, before, after }) => (
            <div key={path} style={{ marginLeft: 16 }}>
              <code>{path}</code>: <del>{textOf(before)}</del> → <ins>{textOf(after)}</ins>
            </div>
          ))}
        </li>
      ))}
    </ul>
  );
}

const effectTones: Record<string, Tone> = { restart: 'warn', stop: 'bad', start: 'good', reload: 'accent' };

const serviceColumns: readonly SimpleColumn<PromotionAnswer['services'][number]>[] = [
  { title: 'Service', cell: ({ id, shard }) => (shard === null ? id : `${id} ${shard}`) },
  { title: 'Effect', cell: ({ effect }) => <Badge tone={effectTones[effect] ?? 'neutral'}>{effect}</Badge> },
  { title: 'Why', cell: ({ why }) => why.join(', ') },
  { title: 'Pool', cell: ({ pool }) => pool },
  { title: 'Slice before', cell: ({ before }) => <Digest value={before} /> },
  { title: 'Slice after', cell: ({ after }) => <Digest value={after} /> },
];

const costColumns: readonly SimpleColumn<PromotionAnswer['costs'][number]>[] = [
  { title: 'Pool', cell: ({ pool }) => pool },
  { title: 'Cost a month before', align: 'end', cell: ({ before }) => (before === null ? '–' : costText(before)) },
  { title: 'After', align: 'end', cell: ({ after }) => (after === null ? '–' : costText(after)) },
];
