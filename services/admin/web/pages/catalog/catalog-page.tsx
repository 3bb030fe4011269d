import { EmptyState } from '../../ui/states.tsx';

export function CatalogPage() {
  return (
    <section className="panel">
      <EmptyState title="Not there yet" />
    </section>
  );
}
