import { Link } from 'wouter';
import { type BucketName, bucketNames, spanNames } from '../../../../contracts/analytics-answers.ts';
import type { ProtocolAnswer } from '../../../../contracts/protocol-answers.ts';
import { protocolsOf } from '../../answers/protocols.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Badge } from '../../ui/badge.tsx';
import { Figure } from '../../ui/figure.tsx';
import { formatCount, formatTime } from '../../ui/format.ts';
import { LineChart } from '../../ui/line-chart.tsx';
import { AnswerPanel } from '../../ui/panel.tsx';
import { Segments } from '../../ui/segments.tsx';
import { type SimpleColumn, SimpleTable } from '../../ui/simple-table.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { useUrlChoice } from '../../ui/use-url-state.ts';
import { linesOf, type ProtocolFigure, protocolFigures, type VolumeRow, volumesOf } from './protocol-figures.ts';

type OnNetwork = ProtocolAnswer['networks'][number];

const chartPx = 240;

/** One protocol: what was done with it on each network, over time, and what moved through it. */
export function ProtocolPage({ id }: { readonly id: string }) {
  const [window, setWindow] = useUrlChoice('window', spanNames, '24h');
  const [bucket, setBucket] = useUrlChoice('bucket', bucketNames, 'hour');
  const [figure, setFigure] = useUrlChoice('figure', protocolFigures, 'calls');
  const answer = useAnswer(protocolsOf(window, id, bucket));
  const found = answer.data?.protocols.find(({ protocol }) => protocol === id);
  return (
    <>
      <div className="toolbar">
        <Link href="/protocols">Protocols</Link>
        <span className="muted">/</span>
        <h2>{found?.name ?? id}</h2>
        {found === undefined ? null : <Badge plain>{found.category}</Badge>}
        <Segments label="How far back" words={spanNames} value={window} onChange={setWindow} />
        <Link href={`/catalog/protocol/${id}`}>Contracts and events</Link>
      </div>
      <AnswerPanel
        title="Over time"
        answer={answer}
        heightPx={chartPx + 24}
        aside={
          <div className="toolbar">
            <Segments label="Figure" words={protocolFigures} value={figure} onChange={setFigure} />
            <Segments label="Length of a bucket" words={bucketNames} value={bucket} onChange={setBucket} />
          </div>
        }
      >
        {() => <ProtocolChart protocol={found} figure={figure} bucket={bucket} />}
      </AnswerPanel>
      <AnswerPanel title="On each network" answer={answer} heightPx={110} flush>
        {() => (
          <SimpleTable
            caption="What was done on each network"
            columns={networkColumns}
            rows={found?.networks ?? []}
            keyOf={({ network }) => network}
          />
        )}
      </AnswerPanel>
      <AnswerPanel title="What moved" answer={answer} heightPx={110} flush>
        {() => {
          const volumes = volumesOf(found);
          return volumes.length === 0 ? (
            <EmptyState title="No event was counted">Its contracts emitted none that the catalog names.</EmptyState>
          ) : (
            <SimpleTable caption="Events and amounts" columns={volumeColumns} rows={volumes} keyOf={({ key }) => key} />
          );
        }}
      </AnswerPanel>
    </>
  );
}

function ProtocolChart({
  protocol,
  figure,
  bucket,
}: {
  readonly protocol: ProtocolAnswer | undefined;
  readonly figure: ProtocolFigure;
  readonly bucket: BucketName;
}) {
  const { times, lines } = linesOf(protocol, figure, bucket);
  if (times.length === 0)
    return (
      <div style={{ minHeight: chartPx + 24 }}>
        <EmptyState title="Nothing to draw">No block of its networks is held in this time.</EmptyState>
      </div>
    );
  return <LineChart label={figure} times={times} lines={lines} format={formatCount} heightPx={chartPx} />;
}

const networkColumns: readonly SimpleColumn<OnNetwork>[] = [
  { title: 'Network', cell: ({ network }) => <Link href={`/networks/${network}`}>{network}</Link> },
  {
    title: 'Calls',
    align: 'end',
    cell: ({ figures }) => <Figure value={figures?.calls}>{formatCount(figures?.calls)}</Figure>,
  },
  {
    title: 'Failed',
    align: 'end',
    cell: ({ figures }) => <Figure value={figures?.failedCalls}>{formatCount(figures?.failedCalls)}</Figure>,
  },
  {
    title: 'Events',
    align: 'end',
    cell: ({ figures }) => <Figure value={figures?.events}>{formatCount(figures?.events)}</Figure>,
  },
  {
    title: 'Logs',
    align: 'end',
    cell: ({ figures }) => <Figure value={figures?.logs}>{formatCount(figures?.logs)}</Figure>,
  },
  {
    title: 'Counted up to',
    cell: ({ figures }) => (
      <>
        {formatTime(figures === null ? null : figures.newest * 1_000)}{' '}
        {figures?.isCurrent === false ? (
          <Badge tone="accent" title="A change of the protocol in the catalog is being worked through">
            being counted anew
          </Badge>
        ) : null}
      </>
    ),
  },
];

const volumeColumns: readonly SimpleColumn<VolumeRow>[] = [
  { title: 'Event', cell: ({ event }) => <strong>{event}</strong> },
  { title: 'Network', cell: ({ network }) => network },
  { title: 'Contract', cell: ({ contract, address }) => <span title={address}>{contract}</span> },
  { title: 'Events', align: 'end', cell: ({ count }) => <Figure value={count}>{formatCount(count)}</Figure> },
  { title: 'Amount', cell: ({ field }) => field ?? <span className="muted">only counted</span> },
  {
    title: 'Sum',
    align: 'end',
    cell: ({ field, positive }) =>
      field === null ? null : (
        <Figure value={positive} unit="units of the asset">
          <span className="mono">{positive}</span>
        </Figure>
      ),
  },
  {
    title: 'Sum below 0',
    align: 'end',
    cell: ({ field, negative }) =>
      field === null || negative === '0' ? null : (
        <Figure value={negative}>
          <span className="mono">{negative}</span>
        </Figure>
      ),
  },
  { title: 'Asset', cell: ({ asset }) => (asset === null ? '' : <code>{asset}</code>) },
];
