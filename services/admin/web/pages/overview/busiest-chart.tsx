import { useMemo } from 'react';
import type { BucketName, OverviewRow, SpanName } from '../../../../contracts/analytics-answers.ts';
import type { SeriesAnswer } from '../../../../contracts/series-answers.ts';
import { seriesOf } from '../../answers/analytics.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { formatRate } from '../../ui/format.ts';
import { LineChart } from '../../ui/line-chart.tsx';
import { AnswerPanel, Panel } from '../../ui/panel.tsx';
import { networkLinesOf } from '../../ui/series-lines.ts';
import { EmptyState } from '../../ui/states.tsx';

const chartPx = 230;
const networksMax = 5;
const buckets: Record<SpanName, BucketName> = { '1h': 'minute', '24h': 'hour', '7d': 'hour', '30d': 'day' };

/** How busy the busiest networks of the window were over time. */
export function BusiestChart({
  window,
  networks,
}: {
  readonly window: SpanName;
  readonly networks: readonly OverviewRow[];
}) {
  const busiest = useMemo(() => busiestOf(networks), [networks]);
  const title = `Transactions a second, by ${buckets[window]}`;
  if (busiest.length === 0)
    return (
      <Panel title={title}>
        <EmptyState title="No network has blocks yet" />
      </Panel>
    );
  return <Chart title={title} bucket={buckets[window]} networks={busiest} />;
}

function Chart({
  title,
  bucket,
  networks,
}: {
  readonly title: string;
  readonly bucket: BucketName;
  readonly networks: readonly string[];
}) {
  const answer = useAnswer(seriesOf({ networks, metrics: ['tps'], bucket }));
  return (
    <AnswerPanel title={title} answer={answer} heightPx={chartPx + 24}>
      {(series) => <Lines title={title} series={series} />}
    </AnswerPanel>
  );
}

function Lines({ title, series }: { readonly title: string; readonly series: SeriesAnswer }) {
  const lines = useMemo(() => networkLinesOf(series), [series]);
  return <LineChart label={title} {...lines} format={formatRate} heightPx={chartPx} />;
}

/** In the order of their ids, so that two that change places leave the question as it is. */
function busiestOf(networks: readonly OverviewRow[]): readonly string[] {
  return networks
    .filter(({ counted, figures }) => counted && figures !== null)
    .toSorted((a, b) => (b.figures?.transactions ?? 0) - (a.figures?.transactions ?? 0))
    .slice(0, networksMax)
    .map(({ network }) => network)
    .sort();
}
