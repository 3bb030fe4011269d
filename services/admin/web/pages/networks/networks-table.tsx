import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import { allNetworks, networksHealth } from '../../answers/analytics.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { useConnection, useLiveSocket, useNetworksNow } from '../../live/live-context.tsx';
import { isBroken } from '../../live/live-socket.ts';
import { Choice } from '../../ui/choice.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { figureColumn } from '../../ui/figure-column.tsx';
import { formatCount, formatRate, formatSeconds, formatShare, formatUsd, formatWhole } from '../../ui/format.ts';
import { NetworkState } from '../../ui/network-state.tsx';
import { AnswerPanel } from '../../ui/panel.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { useUrlText } from '../../ui/use-url-state.ts';
import { isWanted, type NetworkRow, networkRows } from './network-row.ts';

/** Every network of the catalog, with how its sync is. */
export function NetworksTable() {
  const networks = useAnswer(allNetworks);
  const health = useAnswer(networksHealth);
  const live = useNetworksNow();
  const connection = useConnection(useLiveSocket());
  const [, navigate] = useLocation();
  const [search, setSearch] = useUrlText('search');
  const [state, setState] = useUrlText('state');
  const [stack, setStack] = useUrlText('stack');
  const [phase, setPhase] = useUrlText('phase');
  const rows = useMemo(
    () => networkRows(networks.data?.networks ?? [], health.data?.networks ?? [], live),
    [networks.data, health.data, live],
  );
  const shown = useMemo(
    () => rows.filter((row) => isWanted(row, { search, state, stack, phase })),
    [rows, search, state, stack, phase],
  );
  return (
    <AnswerPanel
      title={`Networks${networks.data === undefined ? '' : ` (${shown.length} of ${rows.length})`}`}
      answer={networks}
      heightPx={300}
      flush
      isOld={isBroken(connection) || health.isOld}
      aside={
        <div className="toolbar">
          <SearchField label="Search networks" value={search} onChange={setSearch} />
          <Choice
            label="State"
            all="All states"
            words={wordsOf(rows.map((row) => row.state))}
            value={state}
            onChange={setState}
          />
          <Choice
            label="Stack"
            all="All stacks"
            words={wordsOf(rows.map(({ network }) => network.stack))}
            value={stack}
            onChange={setStack}
          />
          <Choice label="Phase" all="All phases" words={['1', '2', '3']} value={phase} onChange={setPhase} />
        </div>
      }
    >
      {() => (
        <DataTable
          caption="Networks and how their sync is"
          columns={columns}
          rows={shown}
          keyOf={({ network }) => network.id}
          onOpen={({ network }) => navigate(`/networks/${network.id}`)}
          sortedBy={{ column: 'priority', down: true }}
          empty={<EmptyState title="No network fits">Take a filter out, or search for something else.</EmptyState>}
        />
      )}
    </AnswerPanel>
  );
}

function wordsOf(words: readonly string[]): string[] {
  return [...new Set(words)].sort();
}

const columns: readonly Column<NetworkRow>[] = [
  {
    id: 'name',
    title: 'Network',
    sortBy: ({ network }) => network.name,
    cell: ({ network }) => <Link href={`/networks/${network.id}`}>{network.name}</Link>,
  },
  {
    id: 'state',
    title: 'State',
    sortBy: ({ state }) => state,
    cell: ({ network, now }) => <NetworkState network={network} now={now} />,
  },
  figureColumn({
    id: 'priority',
    title: 'Priority',
    hint: '10 is synced first',
    value: ({ network }) => network.priority,
    format: String,
  }),
  figureColumn({
    id: 'phase',
    title: 'Phase',
    hint: 'Of the roll-out',
    value: ({ network }) => network.phase,
    format: String,
  }),
  figureColumn({
    id: 'tvl',
    title: 'TVL',
    hint: 'Total value locked, as the catalog states it: not measured',
    value: ({ network }) => network.tvlUsd,
    format: formatUsd,
  }),
  figureColumn({
    id: 'head',
    title: 'Head',
    hint: 'The last block the network is known to have',
    value: ({ head }) => head,
    format: formatWhole,
  }),
  figureColumn({
    id: 'lag',
    title: 'Lag',
    hint: 'Blocks from the last one held to the head',
    value: ({ lagBlocks }) => lagBlocks,
    format: formatCount,
  }),
  figureColumn({
    id: 'tps',
    title: 'TPS',
    hint: 'Transactions a second over the last minute',
    value: ({ tps }) => tps,
    format: formatRate,
  }),
  figureColumn({
    id: 'speed',
    title: 'Blocks/s',
    hint: 'Blocks committed a second, over the last 30 seconds',
    value: ({ health }) => health?.blocksPerSecond,
    format: formatRate,
  }),
  figureColumn({
    id: 'errors',
    title: 'Errors',
    hint: 'Failed requests as a share of all in the last five minutes',
    value: ({ health }) => health?.errorRate,
    format: formatShare,
  }),
  figureColumn({
    id: 'finality',
    title: 'Finality',
    hint: 'Age of the newest final block when it was seen to be final',
    value: ({ health }) => health?.finality.seconds,
    format: formatSeconds,
  }),
];
