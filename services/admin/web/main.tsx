import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { Route, Router, Switch, useLocation } from 'wouter';
import { LiveProvider } from './live/live-context.tsx';
import { AppShell } from './shell/app-shell.tsx';
import { ErrorBoundary } from './shell/error-boundary.tsx';
import { pages } from './shell/pages.tsx';
import { applyTheme, storedTheme } from './shell/theme.ts';
import { EmptyState, Loading } from './ui/states.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';

applyTheme(storedTheme());

function App() {
  const [location] = useLocation();
  return (
    <AppShell>
      <Suspense fallback={<Loading heightPx={420} />}>
        <Switch>
          {pages.flatMap(({ paths, component: Component }) =>
            paths.map((path) => (
              <Route key={path} path={path}>
                <ErrorBoundary at={location}>
                  <Component />
                </ErrorBoundary>
              </Route>
            )),
          )}
          <Route>
            <section className="panel">
              <EmptyState title="There is no such page">Choose one of those on the left.</EmptyState>
            </section>
          </Route>
        </Switch>
      </Suspense>
    </AppShell>
  );
}

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={new QueryClient()}>
        <Router base={import.meta.env.BASE_URL.replace(/\/$/, '')}>
          <LiveProvider>
            <App />
          </LiveProvider>
        </Router>
      </QueryClientProvider>
    </StrictMode>,
  );
}
