import { Component, type ReactNode } from 'react';
import { ErrorState } from '../ui/states.tsx';

/** Shows what went wrong in a page in the place of that page. React knows boundaries as classes only. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly error: unknown }> {
  override state = { error: undefined };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    return (
      <section className="panel">
        <ErrorState error={this.state.error} onRetry={() => this.setState({ error: undefined })} />
      </section>
    );
  }
}
