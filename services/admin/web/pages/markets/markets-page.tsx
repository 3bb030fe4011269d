import { EmptyState } from '../../ui/states.tsx';

export function MarketsPage() {
  return (
    <section className="panel">
      <EmptyState title="Not there yet" />
    </section>
  );
}
