import { type RefObject, useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { colourOf, onColours } from './chart-colours.ts';

const legendPx = 28;

/**
 * Keeps a chart of `data` in the element of the ref: as wide as that, `heightPx` with its legend, drawn again when the colours of the
 * page change. `options` is asked again when `shape` is another.
 */
export function useChart(
  data: uPlot.AlignedData,
  heightPx: number,
  shape: string,
  options: () => Pick<uPlot.Options, 'series' | 'axes' | 'hooks' | 'scales'>,
): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const newest = useRef({ data, options });
  newest.current = { data, options };

  // biome-ignore lint/correctness/useExhaustiveDependencies: another shape is drawn anew
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const size = () => ({ width: element.clientWidth, height: heightPx - legendPx });
    function draw(): void {
      if (element === null) return;
      chart.current?.destroy();
      const { data, options } = newest.current;
      const cursor = { drag: { x: false, y: false } };
      chart.current = new uPlot({ ...size(), cursor, ...options() }, data, element);
    }
    draw();
    const observer = new ResizeObserver(() => chart.current?.setSize(size()));
    observer.observe(element);
    const stop = onColours(draw);
    return () => {
      observer.disconnect();
      stop();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [shape, heightPx]);

  useEffect(() => {
    chart.current?.setData(data);
  }, [data]);

  return box;
}

/** From the first moment to the last; uPlot itself would show years around one alone. `aroundSeconds`: before and after that one. */
export function timeRange(chart: uPlot, min: number, max: number, aroundSeconds: number): [number, number] {
  const [only, ...others] = chart.data[0];
  return only === undefined || others.length > 0 ? [min, max] : [only - aroundSeconds, only + aroundSeconds];
}

/** An axis in the colours of the page. */
export function axisOf(parts: Partial<uPlot.Axis> = {}): uPlot.Axis {
  const line = { stroke: colourOf('--line'), width: 1 };
  return { stroke: colourOf('--muted'), grid: line, ticks: line, font: '11px system-ui, sans-serif', ...parts };
}

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const timeOfSecond = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** The axis of time: a day where one begins, else the time as fine as the marks are. */
export function timeAxis(): uPlot.Axis {
  return axisOf({
    space: 72,
    values: (_chart, marks, _axis, _space, stepSeconds) =>
      marks.map((mark) => {
        const moment = new Date(mark * 1_000);
        if (stepSeconds >= 86_400 || (moment.getHours() === 0 && moment.getMinutes() === 0)) return day.format(moment);
        return (stepSeconds < 60 ? timeOfSecond : time).format(moment);
      }),
  });
}

/** A moment in the legend of a chart. */
export function momentText(seconds: number | null): string {
  return seconds === null ? '–' : new Date(seconds * 1_000).toLocaleString('en-GB');
}
