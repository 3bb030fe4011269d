import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import { type OverviewAnswer, type OverviewRow, spanNames } from '../../../../contracts/analytics-answers.ts';
import { networksHealth, overviewOf } from '../../answers/analytics.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { Badge } from '../../ui/badge.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Figure } from '../../ui/figure.tsx';
import { figureColumn } from '../../ui/figure-column.tsx';
import {
  formatCount,
  formatRate,
  formatSeconds,
  formatShare,
  formatTime,
  formatUsd,
  formatWei,
} from '../../ui/format.ts';
import { AnswerPanel } from '../../ui/panel.tsx';
import { Segments } from '../../ui/segments.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { EmptyState, Loading } from '../../ui/states.tsx';
import { useUrlChoice } from '../../ui/use-url-state.ts';
import { Attention } from './attention.tsx';
import { BusiestChart } from './busiest-chart.tsx';

/** What happens on all networks together, and what of it needs somebody. */
export function OverviewPage() {
  const [window, setWindow] = useUrlChoice('window', spanNames, '24h');
  const answer = useAnswer(overviewOf(window));
  const health = useAnswer(networksHealth);
  const { data } = answer;
  return (
    <>
      <div className="toolbar">
        <Segments label="How far back" words={spanNames} value={window} onChange={setWindow} />
        {data === undefined || answer.isPlaceholderData ? null : <Coverage totals={data.totals} />}
      </div>
      {answer.isPending || health.isPending ? (
        <Loading heightPx={640} />
      ) : (
        <>
          {data === undefined ? null : (
            <Awaited isAwaited={answer.isPlaceholderData}>
              <Totals totals={data.totals} isOld={answer.isOld} />
            </Awaited>
          )}
          <Attention />
          {data === undefined ? null : <BusiestChart window={window} networks={data.networks} />}
          <AnswerPanel title="Networks by transactions" answer={answer} heightPx={110} flush>
            {({ networks }) => <BusiestNetworks networks={networks} />}
          </AnswerPanel>
        </>
      )}
    </>
  );
}

function Coverage({ totals }: { readonly totals: OverviewAnswer['totals'] }) {
  return (
    <span className="muted">
      {totals.counted} of {totals.networks} networks counted
      {totals.counted > 0 && !totals.complete ? '; history is still being filled for some of them' : ''}
    </span>
  );
}

function Totals({ totals, isOld }: { readonly totals: OverviewAnswer['totals']; readonly isOld: boolean }) {
  const { byState } = totals;
  return (
    <div className={isOld ? 'is-old' : undefined}>
      <Stats>
        <Stat label="Networks synced" hint={`of ${totals.networks} in the catalog`}>
          <Figure value={byState.synced ?? 0}>{formatCount(byState.synced ?? 0)}</Figure>
        </Stat>
        <Stat label="Transactions a second">
          <Figure value={totals.tps}>{formatRate(totals.tps)}</Figure>
        </Stat>
        <Stat label="Transactions">
          <Figure value={totals.transactions}>{formatCount(totals.transactions)}</Figure>
        </Stat>
        <Stat label="User operations" hint="a bundle counts as what it bundles">
          <Figure value={totals.userOperations}>{formatCount(totals.userOperations)}</Figure>
        </Stat>
        <Stat label="Blocks">
          <Figure value={totals.blocks}>{formatCount(totals.blocks)}</Figure>
        </Stat>
        <Stat label="Protocol calls">
          <Figure value={totals.protocolCalls}>{formatCount(totals.protocolCalls)}</Figure>
        </Stat>
        {totals.fees.map(({ nativeCurrency, decimals, executionFeesTotal, l1DataFeesTotal }) => (
          <Stat
            key={`${nativeCurrency} ${decimals}`}
            label={`Fees in ${nativeCurrency}`}
            hint={
              l1DataFeesTotal === null
                ? 'execution'
                : `execution; L1 data ${formatWei(l1DataFeesTotal, nativeCurrency, decimals)}`
            }
          >
            <Figure value={executionFeesTotal} unit="wei">
              {formatWei(executionFeesTotal, nativeCurrency, decimals)}
            </Figure>
          </Stat>
        ))}
      </Stats>
    </div>
  );
}

function BusiestNetworks({ networks }: { readonly networks: readonly OverviewRow[] }) {
  const [, navigate] = useLocation();
  const active = useMemo(() => networks.filter(({ figures }) => figures !== null), [networks]);
  return (
    <DataTable
      caption="Networks by transactions"
      columns={columns}
      rows={active}
      keyOf={({ network }) => network}
      onOpen={({ network }) => navigate(`/networks/${network}`)}
      sortedBy={{ column: 'transactions', down: true }}
      empty={
        <EmptyState title="No network has blocks yet">
          The sync has just begun, or reaches no node. <Link href="/networks">The networks</Link> say why.
        </EmptyState>
      }
    />
  );
}

const columns: readonly Column<OverviewRow>[] = [
  {
    id: 'name',
    title: 'Network',
    sortBy: ({ name }) => name,
    cell: ({ network, name, status, sync, counted, asOf }) => (
      <>
        <Link href={`/networks/${network}`}>{name}</Link>{' '}
        {status === 'retired' ? (
          <Badge>retired</Badge>
        ) : !counted ? (
          <Badge tone="warn" title="Its figures are of before this window, and not part of the totals">
            stopped {formatTime(asOf === null ? null : asOf.timestamp * 1_000)}
          </Badge>
        ) : sync.stale ? (
          <Badge tone="warn" title="Nobody reports on it any more: its figures are of before">
            old
          </Badge>
        ) : null}
      </>
    ),
  },
  figureColumn({
    id: 'transactions',
    title: 'Transactions',
    value: ({ figures }) => figures?.transactions,
    format: formatCount,
  }),
  figureColumn({
    id: 'tps',
    title: 'TPS',
    value: ({ figures }) => figures?.tps,
    format: formatRate,
  }),
  figureColumn({
    id: 'userOperations',
    title: 'User operations',
    value: ({ figures }) => figures?.userOperations,
    format: formatCount,
  }),
  figureColumn({
    id: 'failed',
    title: 'Failed',
    value: ({ figures }) => figures?.failedShare,
    format: formatShare,
  }),
  {
    id: 'fee',
    title: 'Mean fee',
    hint: 'Of execution, a transaction',
    align: 'end',
    sortBy: ({ figures }) => toBigInt(figures?.executionFeeMean),
    cell: ({ figures, nativeCurrency }) => (
      <Figure value={figures?.executionFeeMean} unit="wei">
        {formatWei(figures?.executionFeeMean, nativeCurrency.symbol, nativeCurrency.decimals)}
      </Figure>
    ),
  },
  figureColumn({
    id: 'l1',
    title: 'L1 share',
    hint: 'Of all fees, what pays for the data on L1',
    value: ({ figures }) => figures?.l1FeeShare,
    format: formatShare,
  }),
  figureColumn({
    id: 'blockTime',
    title: 'Block time',
    value: ({ figures }) => figures?.blockTimeSeconds,
    format: formatSeconds,
  }),
  figureColumn({
    id: 'full',
    title: 'Blocks full',
    hint: 'Gas used of the gas limit',
    value: ({ figures }) => figures?.gasUtilisation,
    format: formatShare,
  }),
  figureColumn({
    id: 'tvl',
    title: 'TVL',
    hint: 'As the catalog states it: not measured',
    value: ({ tvlUsd }) => tvlUsd,
    format: formatUsd,
  }),
];

function toBigInt(digits: string | null | undefined): bigint | null {
  return digits === null || digits === undefined ? null : BigInt(digits);
}
