import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import type { StatsAnswer, SymbolAnswer } from '../../../../contracts/market-answers.ts';
import { symbolStates } from '../../../../contracts/market-answers.ts';
import { allSymbols, marketStats } from '../../answers/market.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Age } from '../../ui/age.tsx';
import { Choice } from '../../ui/choice.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Figure } from '../../ui/figure.tsx';
import { figureColumn } from '../../ui/figure-column.tsx';
import { formatBytes, formatCount, formatRate } from '../../ui/format.ts';
import { AnswerPanel } from '../../ui/panel.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { EmptyState, Loading } from '../../ui/states.tsx';
import { SymbolState } from '../../ui/symbol-state.tsx';
import { useUrlText } from '../../ui/use-url-state.ts';

interface PairRow {
  readonly pair: SymbolAnswer;
  readonly stats: StatsAnswer['symbols'][number] | undefined;
}

/** Every pair of the catalog, with how its collection is. */
export function PairsTable() {
  const symbols = useAnswer(allSymbols);
  const stats = useAnswer(marketStats);
  const [, navigate] = useLocation();
  const [search, setSearch] = useUrlText('search');
  const [state, setState] = useUrlText('state');
  const [market, setMarket] = useUrlText('market');
  const [category, setCategory] = useUrlText('category');
  const pairs = useMemo(() => symbols.data?.symbols ?? [], [symbols.data]);
  const rows = useMemo(() => {
    const statsOf = new Map(stats.data?.symbols.map((each) => [each.symbol, each]));
    const words = search.trim().toUpperCase();
    return pairs
      .filter((pair) => words === '' || pair.symbol.includes(words))
      .filter((pair) => state === '' || pair.state === state)
      .filter((pair) => market === '' || pair.market === market)
      .filter((pair) => category === '' || pair.category === category)
      .map((pair): PairRow => ({ pair, stats: statsOf.get(pair.symbol) }));
  }, [pairs, stats.data, search, state, market, category]);
  if (symbols.isPending || stats.isPending) return <Loading heightPx={680} />;
  return (
    <>
      {stats.data === undefined ? null : <Totals total={stats.data.total} isOld={stats.isOld} />}
      <AnswerPanel
        title={`Pairs${symbols.data === undefined ? '' : ` (${rows.length} of ${pairs.length})`}`}
        answer={symbols}
        heightPx={300}
        flush
        isOld={stats.isOld}
        aside={
          <div className="toolbar">
            <SearchField label="Search pairs" value={search} onChange={setSearch} />
            <Choice label="State" all="All states" words={symbolStates} value={state} onChange={setState} />
            <Choice
              label="Market"
              all="All markets"
              words={['spot', 'usdm', 'coinm']}
              value={market}
              onChange={setMarket}
            />
            <Choice
              label="Category"
              all="All categories"
              words={[...new Set(pairs.map((pair) => pair.category))].sort()}
              value={category}
              onChange={setCategory}
            />
          </div>
        }
      >
        {() => (
          <DataTable
            caption="Pairs and how their collection is"
            columns={columns}
            rows={rows}
            keyOf={({ pair }) => pair.symbol}
            onOpen={({ pair }) => navigate(`/markets/${pair.symbol}`)}
            sortedBy={{ column: 'priority', down: true }}
            empty={<EmptyState title="No pair fits">Take a filter out, or search for something else.</EmptyState>}
          />
        )}
      </AnswerPanel>
    </>
  );
}

function Totals({ total, isOld }: { readonly total: StatsAnswer['total']; readonly isOld: boolean }) {
  return (
    <div className={isOld ? 'is-old' : undefined}>
      <Stats>
        {symbolStates.map((state) => (
          <Stat key={state} label={`Pairs ${state}`}>
            <Figure value={total.symbols[state]}>{formatCount(total.symbols[state])}</Figure>
          </Stat>
        ))}
        <Stat label="Records a second" hint="over the last minute">
          <Figure value={total.recordsPerSecond.last1m}>{formatRate(total.recordsPerSecond.last1m)}</Figure>
        </Stat>
        <Stat label="Open gaps" hint={`${formatCount(total.gaps.last24h)} found in 24 h`}>
          <Figure value={total.gaps.open}>{formatCount(total.gaps.open)}</Figure>
        </Stat>
        <Stat label="Stored" hint={`${total.storage.days} days`}>
          <Figure value={total.storage.bytes} unit="bytes">
            {formatBytes(total.storage.bytes)}
          </Figure>
        </Stat>
      </Stats>
    </div>
  );
}

const columns: readonly Column<PairRow>[] = [
  {
    id: 'symbol',
    title: 'Pair',
    sortBy: ({ pair }) => pair.symbol,
    cell: ({ pair }) => <Link href={`/markets/${pair.symbol}`}>{pair.symbol}</Link>,
  },
  {
    id: 'state',
    title: 'State',
    sortBy: ({ pair }) => pair.state,
    cell: ({ pair }) => <SymbolState state={pair.state} />,
  },
  { id: 'market', title: 'Market', sortBy: ({ pair }) => pair.market, cell: ({ pair }) => pair.market },
  { id: 'category', title: 'Category', sortBy: ({ pair }) => pair.category, cell: ({ pair }) => pair.category },
  figureColumn({
    id: 'priority',
    title: 'Priority',
    hint: '10 is resynced first',
    value: ({ pair }) => pair.priority,
    format: String,
  }),
  figureColumn({
    id: 'rate',
    title: 'Records/s',
    hint: 'Over the last minute',
    value: ({ stats }) => stats?.recordsPerSecond.last1m,
    format: formatRate,
  }),
  figureColumn({
    id: 'records',
    title: 'Records',
    value: ({ stats }) => stats?.records.total,
    format: formatCount,
  }),
  {
    id: 'last',
    title: 'Last update',
    sortBy: ({ pair }) => pair.lastTime,
    cell: ({ pair }) => <Age ms={pair.lastTime} />,
  },
  figureColumn({
    id: 'gaps',
    title: 'Open gaps',
    value: ({ stats }) => stats?.gaps.open,
    format: formatCount,
  }),
];
