import { useConnection } from '../../live/live-context.tsx';
import { isBroken, type LiveSocket } from '../../live/live-socket.ts';
import { useBook } from '../../live/use-market.ts';
import { Age } from '../../ui/age.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Figure } from '../../ui/figure.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState, Loading } from '../../ui/states.tsx';
import { depthsOf, spreadOf } from './book-figures.ts';

const depth = 14;
const heightPx = 743;

/** The best levels of both sides, asks above bids, with how much lies up to each. */
export function BookPanel({ socket, symbol }: { readonly socket: LiveSocket; readonly symbol: string }) {
  const book = useBook(socket, symbol, depth);
  const connection = useConnection(socket);
  const spread = book === undefined ? undefined : spreadOf(book);
  return (
    <Panel
      title="Order book"
      flush
      isOld={isBroken(connection) || book?.state === 'gap' || book?.isTold === false}
      aside={
        book === undefined ? null : (
          <span className="toolbar">
            {book.state === 'gap' ? <Badge tone="bad">updates are missing: do not trade on it</Badge> : null}
            <span className="muted">
              update <Figure value={book.lastUpdateId}>{book.lastUpdateId}</Figure>, <Age ms={book.eventTime} />
            </span>
          </span>
        )
      }
    >
      <div style={{ minHeight: heightPx }} data-book={book?.state}>
        {book === undefined ? (
          <Loading heightPx={heightPx} label="Waiting for the book" />
        ) : book.state === 'waiting' ? (
          <EmptyState title="No book is held yet">It comes by itself once the collector has one.</EmptyState>
        ) : (
          <table className="data book">
            <caption className="visually-hidden">Order book of {symbol}</caption>
            <thead>
              <tr>
                <th scope="col">Price</th>
                <th scope="col" className="end">
                  Size
                </th>
              </tr>
            </thead>
            <tbody>
              <Side levels={book.asks.toReversed()} shares={depthsOf(book.asks).toReversed()} side="ask" />
              <tr className="spread">
                <td colSpan={2}>
                  {spread === undefined ? (
                    <span className="muted">one side is empty</span>
                  ) : (
                    <>
                      spread <Figure value={spread.spread}>{spread.spread}</Figure>{' '}
                      <span className="muted">{spread.basisPoints} bps of the middle</span>
                    </>
                  )}
                </td>
              </tr>
              <Side levels={book.bids} shares={depthsOf(book.bids)} side="bid" />
            </tbody>
          </table>
        )}
      </div>
    </Panel>
  );
}

function Side({
  levels,
  shares,
  side,
}: {
  readonly levels: readonly (readonly [string, string])[];
  readonly shares: readonly number[];
  readonly side: 'bid' | 'ask';
}) {
  return levels.map(([price, size], at) => (
    <tr key={price} className={side}>
      <td className="mono">
        <span className="visually-hidden">{side} </span>
        <Figure value={price}>{price}</Figure>
      </td>
      <td className="mono end">
        <span className="depth" style={{ width: `${(shares[at] ?? 0) * 100}%` }} aria-hidden="true" />
        <Figure value={size}>{size}</Figure>
      </td>
    </tr>
  ));
}
