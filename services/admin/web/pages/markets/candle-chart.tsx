import { useMemo } from 'react';
import type uPlot from 'uplot';
import { colourOf } from '../../ui/chart-colours.ts';
import { ChartFigure } from '../../ui/chart-figure.tsx';
import { axisOf, momentText, timeAxis, timeRange, useChart } from '../../ui/use-chart.ts';
import type { DrawnCandle } from './candles.ts';

/** Candles with their volume below. */
export function CandleChart({
  label,
  candles,
  heightPx,
}: {
  readonly label: string;
  readonly candles: readonly DrawnCandle[];
  readonly heightPx: number;
}) {
  const data = useMemo((): uPlot.AlignedData => {
    const of = (name: keyof DrawnCandle) => candles.map((candle) => candle[name]);
    return [candles.map(({ time }) => time), of('open'), of('high'), of('low'), of('close'), of('volume')];
  }, [candles]);
  const box = useChart(data, heightPx, `candles ${stepOf(candles)}`, () => ({
    scales: {
      x: {
        range: (chart, min, max) => {
          const half = stepOf(candles) / 2;
          const [from, to] = timeRange(chart, min, max, 0);
          return [from - half, to + half];
        },
      },
      y: { range: (_chart, min, max) => [min - (max - min) * 0.3, max + (max - min) * 0.05] },
      volume: { range: (_chart, _min, max) => [0, max * 5] },
    },
    axes: [timeAxis(), axisOf({ size: 76 })],
    series: [
      { value: (_chart, at) => momentText(at) },
      ...['Open', 'High', 'Low', 'Close'].map((each) => ({
        label: each,
        stroke: colourOf('--text'),
        paths: () => null,
        points: { show: false },
      })),
      { label: 'Volume', scale: 'volume', stroke: colourOf('--muted'), paths: () => null, points: { show: false } },
    ],
    hooks: { draw: [drawCandles] },
  }));
  return (
    <ChartFigure
      label={label}
      box={box}
      heightPx={heightPx}
      columns={['Open', 'High', 'Low', 'Close', 'Volume']}
      rows={() =>
        candles.map(({ time, open, high, low, close, volume }) => [
          momentText(time),
          ...[open, high, low, close, volume].map((value) => (value === null ? '–' : String(value))),
        ])
      }
    />
  );
}

/** Seconds from one candle to the next; half of it is beside the first and the last. */
function stepOf(candles: readonly DrawnCandle[]): number {
  const [first, second] = candles;
  return first === undefined || second === undefined ? 60 : second.time - first.time;
}

/** A candle that rose is hollow, one that fell is filled: colour is not all that tells them apart. */
function drawCandles(chart: uPlot): void {
  const [times, opens, highs, lows, closes, volumes] = chart.data;
  const { ctx, bbox } = chart;
  const [up, down, hollow] = [colourOf('--good'), colourOf('--bad'), colourOf('--surface')];
  const width = Math.max(2, Math.min(14, (bbox.width / Math.max(1, times.length)) * 0.6));
  const yOf = (value: number, scale = 'y') => chart.valToPos(value, scale, true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = Math.max(1, devicePixelRatio);
  times.forEach((time, at) => {
    const [open, high, low, close] = [opens?.[at], highs?.[at], lows?.[at], closes?.[at]];
    if (open == null || high == null || low == null || close == null) return;
    const x = Math.round(chart.valToPos(time, 'x', true));
    const isUp = close >= open;
    ctx.strokeStyle = isUp ? up : down;
    ctx.fillStyle = isUp ? hollow : down;
    const volumeTop = yOf(volumes?.[at] ?? 0, 'volume');
    ctx.globalAlpha = 0.35;
    ctx.strokeRect(x - width / 2, volumeTop, width, yOf(0, 'volume') - volumeTop);
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.moveTo(x, yOf(high));
    ctx.lineTo(x, yOf(low));
    ctx.stroke();
    const top = Math.min(yOf(open), yOf(close));
    const height = Math.max(1, Math.abs(yOf(open) - yOf(close)));
    ctx.fillRect(x - width / 2, top, width, height);
    ctx.strokeRect(x - width / 2, top, width, height);
  });
  ctx.restore();
}
