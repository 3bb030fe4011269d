import { useMemo } from 'react';
import { candlesOf } from '../../answers/market.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { useConnection } from '../../live/live-context.tsx';
import { isBroken, type LiveSocket } from '../../live/live-socket.ts';
import { useLiveCandles } from '../../live/use-market.ts';
import { AnswerPanel } from '../../ui/panel.tsx';
import { Segments } from '../../ui/segments.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { useUrlChoice } from '../../ui/use-url-state.ts';
import { CandleChart } from './candle-chart.tsx';
import { mergeCandles } from './candles.ts';

const intervals = ['1m', '5m', '15m', '1h', '4h', '1d'] as const;
const chartPx = 320;

/** What was traded, by minutes to days; the newest candle moves. */
export function CandlesPanel({ socket, symbol }: { readonly socket: LiveSocket; readonly symbol: string }) {
  const [interval, setInterval] = useUrlChoice('interval', intervals, '1m');
  const answer = useAnswer(candlesOf(symbol, interval));
  const told = useLiveCandles(socket, symbol, interval);
  const connection = useConnection(socket);
  const candles = useMemo(() => mergeCandles(answer.data?.candles ?? [], told), [answer.data, told]);
  return (
    <AnswerPanel
      title="Candles"
      answer={answer}
      heightPx={chartPx + 24}
      isOld={isBroken(connection)}
      aside={<Segments label="Length of a candle" words={intervals} value={interval} onChange={setInterval} />}
    >
      {() =>
        candles.every(({ close }) => close === null) ? (
          <div style={{ minHeight: chartPx + 24 }}>
            <EmptyState title="Nothing was traded yet">Candles appear with the first trades.</EmptyState>
          </div>
        ) : (
          <CandleChart label={`Candles of ${symbol}, ${interval}`} candles={candles} heightPx={chartPx} />
        )
      }
    </AnswerPanel>
  );
}
