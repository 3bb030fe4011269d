import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Line {
  readonly label: string;
  /** One value a time; null where there is none: the line has a hole there. */
  readonly values: readonly (number | null)[];
}

const colours = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5', '--series-6'] as const;

/**
 * Lines over time. The values under the pointer are told in the legend; the same figures stand in a table below, for who cannot
 * see the chart or wants to the digit what it shows.
 */
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
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const data = useRef<uPlot.AlignedData>([[]]);
  const write = useRef(format);
  data.current = [[...times], ...lines.map(({ values }) => [...values])];
  write.current = format;
  const labels = lines.map((line) => line.label).join('\n');

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    function draw(): void {
      chart.current?.destroy();
      if (element === null) return;
      const options = optionsOf(labels.split('\n'), (value) => write.current(value), element.clientWidth, heightPx);
      chart.current = new uPlot(options, data.current, element);
    }
    draw();
    const size = new ResizeObserver(() =>
      chart.current?.setSize({ width: element.clientWidth, height: heightPx - legendPx }),
    );
    size.observe(element);
    // Colours are read when it is drawn.
    const theme = new MutationObserver(draw);
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      size.disconnect();
      theme.disconnect();
      scheme.removeEventListener('change', draw);
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [labels, heightPx]);

  useEffect(() => {
    chart.current?.setData([[...times], ...lines.map(({ values }) => [...values])]);
  }, [times, lines]);

  return (
    <figure className="chart" aria-label={label}>
      <div ref={box} style={{ height: heightPx }} aria-hidden="true" />
      <figcaption>
        <details>
          <summary className="muted">{label}: as a table</summary>
          <div className="table-scroll" style={{ maxHeight: 260 }}>
            <ChartTable label={label} times={times} lines={lines} format={format} />
          </div>
        </details>
      </figcaption>
    </figure>
  );
}

const legendPx = 28;

function optionsOf(
  labels: readonly string[],
  format: (value: number) => string,
  width: number,
  heightPx: number,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: resolved('--muted'),
    grid: { stroke: resolved('--line'), width: 1 },
    ticks: { stroke: resolved('--line'), width: 1 },
    font: '11px system-ui, sans-serif',
  };
  return {
    width,
    height: heightPx - legendPx,
    cursor: { drag: { x: false, y: false } },
    legend: { live: true },
    axes: [axis, { ...axis, size: 70, values: (_chart, values) => values.map((value) => format(value)) }],
    series: [
      { value: (_chart, at) => (at === null ? '–' : new Date(at * 1_000).toLocaleString('en-GB')) },
      ...labels.map((label, at) => ({
        label,
        stroke: resolved(colours[at % colours.length] ?? '--series-1'),
        width: 1.75,
        points: { show: false },
        value: (_chart: uPlot, value: number | null) => (value === null ? '–' : format(value)),
      })),
    ],
  };
}

/** A canvas knows nothing of light-dark(): an element is asked what it comes to. */
function resolved(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function ChartTable({
  label,
  times,
  lines,
  format,
}: {
  readonly label: string;
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
}) {
  return (
    <table className="data">
      <caption className="visually-hidden">{label}</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          {lines.map((line) => (
            <th key={line.label} scope="col" className="end">
              {line.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {times.map((time, at) => (
          <tr key={time}>
            <td>{new Date(time * 1_000).toLocaleString('en-GB')}</td>
            {lines.map((line) => {
              const value = line.values[at];
              return (
                <td key={line.label} className="end">
                  {value === null || value === undefined ? '–' : format(value)}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
