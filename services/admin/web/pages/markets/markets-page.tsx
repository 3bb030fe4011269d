import { useParams } from 'wouter';
import { PairPage } from './pair-page.tsx';
import { PairsTable } from './pairs-table.tsx';

/** All pairs, or one of them. */
export function MarketsPage() {
  const { symbol } = useParams<{ symbol?: string }>();
  return symbol === undefined ? <PairsTable /> : <PairPage key={symbol} symbol={symbol} />;
}
