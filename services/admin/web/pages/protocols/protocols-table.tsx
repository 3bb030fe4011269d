import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import { spanNames } from '../../../../contracts/analytics-answers.ts';
import type { ProtocolAnswer } from '../../../../contracts/protocol-answers.ts';
import { protocolsOf } from '../../answers/protocols.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Badge } from '../../ui/badge.tsx';
import { Choice } from '../../ui/choice.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { figureColumn } from '../../ui/figure-column.tsx';
import { formatCount, formatShare } from '../../ui/format.ts';
import { AnswerPanel } from '../../ui/panel.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { Segments } from '../../ui/segments.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { useUrlChoice, useUrlText } from '../../ui/use-url-state.ts';

/** Every protocol of the catalog with what was done with it, over all its networks. */
export function ProtocolsTable() {
  const [window, setWindow] = useUrlChoice('window', spanNames, '24h');
  const [search, setSearch] = useUrlText('search');
  const [category, setCategory] = useUrlText('category');
  const answer = useAnswer(protocolsOf(window));
  const [, navigate] = useLocation();
  const protocols = useMemo(() => answer.data?.protocols ?? [], [answer.data]);
  const shown = useMemo(() => {
    const words = search.trim().toLowerCase();
    return protocols
      .filter(({ protocol, name }) => words === '' || `${protocol} ${name.toLowerCase()}`.includes(words))
      .filter((each) => category === '' || each.category === category);
  }, [protocols, search, category]);
  return (
    <AnswerPanel
      title={`Protocols${answer.data === undefined ? '' : ` (${shown.length} of ${protocols.length})`}`}
      answer={answer}
      heightPx={300}
      flush
      aside={
        <div className="toolbar">
          <SearchField label="Search protocols" value={search} onChange={setSearch} />
          <Choice
            label="Category"
            all="All categories"
            words={[...new Set(protocols.map((each) => each.category))].sort()}
            value={category}
            onChange={setCategory}
          />
          <Segments label="How far back" words={spanNames} value={window} onChange={setWindow} />
        </div>
      }
    >
      {() => (
        <DataTable
          caption="Protocols and what was done with them"
          columns={columns}
          rows={shown}
          keyOf={({ protocol }) => protocol}
          onOpen={({ protocol }) => navigate(`/protocols/${protocol}`)}
          sortedBy={{ column: 'calls', down: true }}
          empty={<EmptyState title="No protocol fits">Take a filter out, or search for something else.</EmptyState>}
        />
      )}
    </AnswerPanel>
  );
}

const columns: readonly Column<ProtocolAnswer>[] = [
  {
    id: 'name',
    title: 'Protocol',
    sortBy: ({ name }) => name,
    cell: ({ protocol, name, status }) => (
      <>
        <Link href={`/protocols/${protocol}`}>{name}</Link> {status === 'active' ? null : <Badge>{status}</Badge>}
      </>
    ),
  },
  { id: 'category', title: 'Category', sortBy: ({ category }) => category, cell: ({ category }) => category },
  figureColumn({
    id: 'networks',
    title: 'Networks',
    hint: 'On which it has a contract',
    value: ({ networks }) => networks.length,
    format: String,
  }),
  figureColumn({
    id: 'calls',
    title: 'Calls',
    hint: 'Transactions sent to one of its contracts',
    value: ({ totals }) => totals?.calls,
    format: formatCount,
  }),
  figureColumn({
    id: 'failed',
    title: 'Failed',
    value: ({ totals }) => failedShareOf(totals),
    format: formatShare,
  }),
  figureColumn({
    id: 'events',
    title: 'Events',
    hint: 'That the catalog names, decoded',
    value: ({ totals }) => totals?.events,
    format: formatCount,
  }),
  figureColumn({
    id: 'logs',
    title: 'Logs',
    value: ({ totals }) => totals?.logs,
    format: formatCount,
  }),
];

/** Of calls; null where there were none. */
function failedShareOf(totals: ProtocolAnswer['totals']): number | null {
  return totals === null || totals.calls === 0 ? null : totals.failedCalls / totals.calls;
}
