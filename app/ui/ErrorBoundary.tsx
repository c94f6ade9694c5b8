import { Component, type ReactNode } from 'react';
import { toReport, type ErrorReport } from '../errors';
import { ErrorNote } from './ErrorNote';

interface State {
  error: ErrorReport | null;
}

/** A defect in the page itself: say so, keep the stores, and let the person try again. */
export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: toReport(error) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <main className="broken">
        <h1>MInference in the browser</h1>
        <ErrorNote
          error={error}
          onDismiss={() => {
            this.setState({ error: null });
          }}
        />
      </main>
    );
  }
}
