import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import type { CatalogKindAnswer } from '../../../../contracts/admin-answers.ts';
import { entriesOf } from '../../answers/admin.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Badge } from '../../ui/badge.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { AnswerPanel } from '../../ui/panel.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { useUrlText } from '../../ui/use-url-state.ts';
import { columnsOf, textOf } from './entry-text.ts';

type Entry = CatalogKindAnswer['entries'][number];

/** All entries of a kind, with those of their fields that are words or figures. */
export function EntriesTable({ kind }: { readonly kind: string }) {
  const answer = useAnswer(entriesOf(kind));
  const [search, setSearch] = useUrlText('search');
  const [, navigate] = useLocation();
  const entries = answer.data?.kind === kind ? answer.data.entries : undefined;
  const shown = useMemo(() => (entries ?? []).filter((entry) => isFound(entry, search)), [entries, search]);
  const columns = useMemo(() => tableColumns(kind, entries ?? []), [kind, entries]);
  return (
    <AnswerPanel
      title={`${answer.data?.key ?? kind}${entries === undefined ? '' : ` (${shown.length} of ${entries.length})`}`}
      answer={answer}
      heightPx={300}
      flush
      aside={<SearchField label="Search entries" value={search} onChange={setSearch} />}
    >
      {({ held }) => (
        <DataTable
          caption={`Entries of the kind ${kind}`}
          columns={columns}
          rows={shown}
          keyOf={({ id }) => id}
          onOpen={({ id }) => navigate(`/catalog/${kind}/${encodeURIComponent(id)}`)}
          empty={
            held ? (
              <EmptyState title="No entry fits">Search for something else.</EmptyState>
            ) : (
              <EmptyState title="This process is not given this kind">
                In its cluster it holds a slice of the catalog; the repository has the whole.
              </EmptyState>
            )
          }
        />
      )}
    </AnswerPanel>
  );
}

function isFound({ id, entry }: Entry, search: string): boolean {
  const words = search.trim().toLowerCase();
  return words === '' || id.toLowerCase().includes(words) || JSON.stringify(entry).toLowerCase().includes(words);
}

function tableColumns(kind: string, entries: readonly Entry[]): readonly Column<Entry>[] {
  return [
    {
      id: 'id',
      title: 'Id',
      sortBy: ({ id }) => id,
      cell: ({ id, own }) => (
        <>
          <Link href={`/catalog/${kind}/${encodeURIComponent(id)}`}>{id}</Link>{' '}
          {own ? <Badge tone="accent">of this environment alone</Badge> : null}
        </>
      ),
    },
    ...columnsOf(entries.map(({ entry }) => entry)).map(
      (field): Column<Entry> => ({
        id: field,
        title: field,
        sortBy: ({ entry }) => {
          const value = entry[field];
          return typeof value === 'number' ? value : textOf(value);
        },
        cell: ({ entry }) => textOf(entry[field]),
      }),
    ),
  ];
}
