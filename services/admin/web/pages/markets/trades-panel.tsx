import { useConnection } from '../../live/live-context.tsx';
import { isBroken, type LiveSocket } from '../../live/live-socket.ts';
import { useTrades } from '../../live/use-market.ts';
import { Badge } from '../../ui/badge.tsx';
import { Figure } from '../../ui/figure.tsx';
import { formatTime } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState } from '../../ui/states.tsx';

const shownMax = 19;

/** Trades since the page was opened. */
export function TradesPanel({ socket, symbol }: { readonly socket: LiveSocket; readonly symbol: string }) {
  const { trades, dropped, wasCut } = useTrades(socket, symbol, shownMax);
  const connection = useConnection(socket);
  return (
    <Panel
      title="Trades"
      flush
      isOld={isBroken(connection)}
      aside={
        <>
          {wasCut ? <Badge tone="warn">those while the connection was lost are missing</Badge> : null}
          {dropped === 0 ? null : <Badge tone="warn">{dropped} came too fast and are left out</Badge>}
        </>
      }
    >
      <div className="trades">
        {trades.length === 0 ? (
          <EmptyState title="None yet">Trades appear here as they happen.</EmptyState>
        ) : (
          <table className="data">
            <caption className="visually-hidden">Trades of {symbol}, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Taker</th>
                <th scope="col" className="end">
                  Price
                </th>
                <th scope="col" className="end">
                  Size
                </th>
              </tr>
            </thead>
            <tbody>
              {trades.map(({ tradeId, eventTime, buyerIsMaker, price, size }) => (
                <tr key={tradeId} data-trade={tradeId}>
                  <td>{formatTime(eventTime)}</td>
                  <td>
                    <Badge tone={buyerIsMaker ? 'bad' : 'good'}>{buyerIsMaker ? 'sold' : 'bought'}</Badge>
                  </td>
                  <td className="end mono">
                    <Figure value={price}>{price}</Figure>
                  </td>
                  <td className="end mono">
                    <Figure value={size}>{size}</Figure>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </Panel>
  );
}
