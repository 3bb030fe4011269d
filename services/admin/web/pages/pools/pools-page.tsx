import { EmptyState } from '../../ui/states.tsx';

export function PoolsPage() {
  return (
    <section className="panel">
      <EmptyState title="Not there yet" />
    </section>
  );
}
