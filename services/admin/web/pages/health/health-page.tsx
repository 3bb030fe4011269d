import { EmptyState } from '../../ui/states.tsx';

export function HealthPage() {
  return (
    <section className="panel">
      <EmptyState title="Not there yet" />
    </section>
  );
}
