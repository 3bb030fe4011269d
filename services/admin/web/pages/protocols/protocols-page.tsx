import { EmptyState } from '../../ui/states.tsx';

export function ProtocolsPage() {
  return (
    <section className="panel">
      <EmptyState title="Not there yet" />
    </section>
  );
}
