import { useMemo } from 'react';
import { bucketNames } from '../../../../contracts/analytics-answers.ts';
import type { NetworkAnswer } from '../../../../contracts/chain-answers.ts';
import type { SeriesAnswer } from '../../../../contracts/series-answers.ts';
import { seriesCsvUrl, seriesOf } from '../../answers/analytics.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { formatCount, formatGwei, formatRate, formatSeconds, formatShare, formatWei } from '../../ui/format.ts';
import { LineChart } from '../../ui/line-chart.tsx';
import { AnswerPanel } from '../../ui/panel.tsx';
import { Segments } from '../../ui/segments.tsx';
import { metricLinesOf } from '../../ui/series-lines.ts';
import { EmptyState } from '../../ui/states.tsx';
import { useUrlChoice } from '../../ui/use-url-state.ts';
import { type SeriesView, seriesViewNames, seriesViews } from './series-views.ts';

type Currency = NetworkAnswer['nativeCurrency'];

const chartPx = 250;

/** What a network cost and carried over time, by minutes, hours or days. */
export function SeriesPanel({ id, currency }: { readonly id: string; readonly currency: Currency }) {
  const [view, setView] = useUrlChoice('chart', seriesViewNames, 'Gas price');
  const [bucket, setBucket] = useUrlChoice('bucket', bucketNames, 'minute');
  const query = { networks: [id], metrics: seriesViews[view].metrics, bucket };
  const answer = useAnswer(seriesOf(query));
  return (
    <AnswerPanel
      title={view}
      answer={answer}
      heightPx={chartPx + 24}
      aside={
        <div className="toolbar">
          <Segments label="Chart" words={seriesViewNames} value={view} onChange={setView} />
          <Segments label="Length of a bucket" words={bucketNames} value={bucket} onChange={setBucket} />
          <a className="button" href={seriesCsvUrl(query)} download>
            CSV
          </a>
        </div>
      }
    >
      {(series) => <SeriesChart series={series} view={view} currency={currency} />}
    </AnswerPanel>
  );
}

function SeriesChart({
  series,
  view,
  currency,
}: {
  readonly series: SeriesAnswer;
  readonly view: SeriesView;
  readonly currency: Currency;
}) {
  const { times, lines } = useMemo(() => metricLinesOf(series), [series]);
  const isEmpty = lines.every(({ values }) => values.every((value) => value === null));
  if (isEmpty)
    return (
      <div style={{ minHeight: chartPx + 24 }}>
        <EmptyState title="Nothing to draw">
          The network has no such data in these buckets: it was not synced then, or its chain does not tell it.
        </EmptyState>
      </div>
    );
  return <LineChart label={view} times={times} lines={lines} format={formatOf(view, currency)} heightPx={chartPx} />;
}

function formatOf(view: SeriesView, { symbol, decimals }: Currency): (value: number) => string {
  switch (seriesViews[view].unit) {
    case 'gas price':
      return (value) => formatGwei(digitsOf(value));
    case 'wei':
      return (value) => formatWei(digitsOf(value), symbol, decimals);
    case 'rate':
      return formatRate;
    case 'count':
      return formatCount;
    case 'share':
      return formatShare;
    case 'seconds':
      return formatSeconds;
  }
}

function digitsOf(value: number): string {
  return BigInt(Math.max(0, Math.round(value))).toString();
}
