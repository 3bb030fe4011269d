import { Link } from 'wouter';
import { allSymbols } from '../../answers/market.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { useConnection } from '../../live/live-context.tsx';
import type { LiveSocket } from '../../live/live-socket.ts';
import { useMarketSocket } from '../../live/use-market.ts';
import { Badge } from '../../ui/badge.tsx';
import { formatTime } from '../../ui/format.ts';
import { OldBadge } from '../../ui/old-badge.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { SymbolState } from '../../ui/symbol-state.tsx';
import { BookPanel } from './book-panel.tsx';
import { CandlesPanel } from './candles-panel.tsx';
import { GapsPanel } from './gaps-panel.tsx';
import { TradesPanel } from './trades-panel.tsx';
import './markets.css';

/** One pair: its book and trades as they move, its candles, and what of it is missing. */
export function PairPage({ symbol }: { readonly symbol: string }) {
  const symbols = useAnswer(allSymbols);
  const socket = useMarketSocket();
  const pair = symbols.data?.symbols.find((each) => each.symbol === symbol);
  if (symbols.data === undefined && symbols.error !== null)
    return (
      <Panel title={symbol}>
        <ErrorState error={symbols.error} onRetry={() => void symbols.refetch()} />
      </Panel>
    );
  if (symbols.data === undefined || socket === undefined) return <Loading heightPx={700} />;
  if (pair === undefined)
    return (
      <Panel title={symbol}>
        <EmptyState title={`The catalog has no pair “${symbol}”`}>
          <Link href="/markets">All pairs</Link>
        </EmptyState>
      </Panel>
    );
  return (
    <>
      <div className="toolbar">
        <Link href="/markets">Markets</Link>
        <span className="muted">/</span>
        <h2>{symbol}</h2>
        <SymbolState state={pair.state} />
        <OldBadge answer={symbols} />
        <Badge plain>{pair.market}</Badge>
        <MarketConnection socket={socket} />
      </div>
      <CandlesPanel socket={socket} symbol={symbol} />
      <div className="grid">
        <BookPanel socket={socket} symbol={symbol} />
        <TradesPanel socket={socket} symbol={symbol} />
      </div>
      <GapsPanel symbol={symbol} />
    </>
  );
}

function MarketConnection({ socket }: { readonly socket: LiveSocket }) {
  const connection = useConnection(socket);
  return (
    <span role="status" data-market-connection={connection.kind}>
      {connection.kind === 'unreadable' ? (
        <Badge tone="bad" title={connection.reason}>
          Market not understood: reload the page
        </Badge>
      ) : connection.kind === 'away' ? (
        <Badge tone="bad">Market not live since {formatTime(connection.sinceMs)}</Badge>
      ) : connection.kind === 'connecting' ? (
        <Badge tone="warn">Connecting to the market</Badge>
      ) : (
        <Badge tone="good">Market live</Badge>
      )}
    </span>
  );
}
