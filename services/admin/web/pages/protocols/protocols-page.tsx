import { useParams } from 'wouter';
import { ProtocolPage } from './protocol-page.tsx';
import { ProtocolsTable } from './protocols-table.tsx';

/** All protocols, or one of them. */
export function ProtocolsPage() {
  const { protocol } = useParams<{ protocol?: string }>();
  return protocol === undefined ? <ProtocolsTable /> : <ProtocolPage key={protocol} id={protocol} />;
}
