import { useParams } from 'wouter';
import { NetworkPage } from './network-page.tsx';
import { NetworksTable } from './networks-table.tsx';

/** All networks, or one of them. */
export function NetworksPage() {
  const { network } = useParams<{ network?: string }>();
  return network === undefined ? <NetworksTable /> : <NetworkPage key={network} id={network} />;
}
