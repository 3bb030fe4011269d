import { Component, type ReactNode } from 'react';
import { ErrorState } from '../ui/states.tsx';

interface Props {
  /** The address of what is shown: another one is tried anew. */
  readonly at: string;
  readonly children: ReactNode;
}

/** Shows what went wrong in a page in the place of that page. React knows boundaries as classes only. */
export class ErrorBoundary extends Component<Props, { readonly error: unknown }> {
  override state = { error: undefined };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override componentDidUpdate({ at }: Props): void {
    if (at !== this.props.at && this.state.error !== undefined) this.setState({ error: undefined });
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    return (
      <section className="panel">
        {/* The code of a page may be of a release before, and gone: only the whole page anew leads to it. */}
        <ErrorState error={this.state.error} onRetry={() => window.location.reload()} retry="Reload the page" />
      </section>
    );
  }
}
