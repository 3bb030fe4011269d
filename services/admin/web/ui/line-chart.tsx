import { useMemo } from 'react';
import type uPlot from 'uplot';
import { colourOf } from './chart-colours.ts';
import { ChartFigure } from './chart-figure.tsx';
import { axisOf, momentText, timeAxis, timeRange, useChart } from './use-chart.ts';

export interface Line {
  readonly label: string;
  /** One value a time; null where there is none: the line has a hole there. */
  readonly values: readonly (number | null)[];
}

const colours = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5', '--series-6'] as const;

/** Shown before and after one moment alone. */
const aloneSeconds = 1_800;

/** Lines over time. The values under the pointer are told in the legend. */
export function LineChart({
  label,
  times,
  lines,
  format,
  heightPx = 220,
}: {
  readonly label: string;
  /** Unix seconds, ascending. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  readonly heightPx?: number;
}) {
  const data = useMemo(
    (): uPlot.AlignedData => [[...times], ...lines.map(({ values }) => [...values])],
    [times, lines],
  );
  const labels = lines.map((line) => line.label);
  const box = useChart(data, heightPx, labels.join('\n'), () => ({
    scales: { x: { range: (chart, min, max) => timeRange(chart, min, max, aloneSeconds) } },
    axes: [timeAxis(), axisOf({ size: 76, values: (_chart, values) => values.map(format) })],
    series: [{ value: (_chart, at) => momentText(at) }, ...labels.map((each, at) => seriesOf(each, at, format))],
  }));
  return (
    <ChartFigure
      label={label}
      box={box}
      heightPx={heightPx}
      columns={labels}
      rows={() =>
        times.map((time, at) => [
          momentText(time),
          ...lines.map(({ values }) => {
            const value = values[at] ?? null;
            return value === null ? '–' : format(value);
          }),
        ])
      }
    />
  );
}

/** A value without a neighbour has no line to be on: it is drawn as a point. */
function aloneAt(values: uPlot.AlignedData[number]): number[] {
  return [...values.keys()].filter((at) => values[at] != null && values[at - 1] == null && values[at + 1] == null);
}

function seriesOf(label: string, at: number, format: (value: number) => string): uPlot.Series {
  return {
    label,
    stroke: colourOf(colours[at % colours.length] ?? '--series-1'),
    width: 1.75,
    points: { show: true, size: 6, filter: (chart, series) => aloneAt(chart.data[series] ?? []) },
    value: (_chart, value: number | null) => (value === null ? '–' : format(value)),
  };
}
