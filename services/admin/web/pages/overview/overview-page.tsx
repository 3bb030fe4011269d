import { EmptyState } from '../../ui/states.tsx';

export function OverviewPage() {
  return (
    <section className="panel">
      <EmptyState title="Not there yet" />
    </section>
  );
}
