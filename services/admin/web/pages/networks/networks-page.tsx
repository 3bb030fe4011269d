import { EmptyState } from '../../ui/states.tsx';

export function NetworksPage() {
  return (
    <section className="panel">
      <EmptyState title="Not there yet" />
    </section>
  );
}
