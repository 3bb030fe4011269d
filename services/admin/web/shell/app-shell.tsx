import { type ReactNode, useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { environmentNow } from '../answers/admin.ts';
import { useAnswer } from '../answers/use-answer.ts';
import { Badge } from '../ui/badge.tsx';
import { Segments } from '../ui/segments.tsx';
import { ConnectionBadge, OutageNotice } from './connection-badge.tsx';
import { pages } from './pages.tsx';
import { applyTheme, storedTheme, themes } from './theme.ts';

/** What stands around every page: where one can go, where one is, and whether it is live. */
export function AppShell({ children }: { readonly children: ReactNode }) {
  const [path] = useLocation();
  const current = pages.find(({ href }) =>
    href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`),
  );
  const title = current?.title ?? 'Not found';
  useEffect(() => {
    document.title = `${title} · Defimon`;
  }, [title]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        To the content
      </a>
      <nav className="side" aria-label="Pages">
        <Link href="/" className="brand">
          <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width="24" height="24" />
          Defimon
        </Link>
        <ul>
          {pages.map((page) => (
            <li key={page.href}>
              <Link href={page.href} aria-current={page === current ? 'page' : undefined}>
                {page.icon}
                {page.title}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <header className="top">
        <h1>{title}</h1>
        <EnvironmentBadge />
        <span className="spring" />
        <ConnectionBadge />
        <ThemeChoice />
      </header>
      <main className="main" id="main" tabIndex={-1}>
        <OutageNotice />
        {children}
      </main>
    </div>
  );
}

function EnvironmentBadge() {
  const { data } = useAnswer(environmentNow);
  if (data === undefined) return null;
  return (
    <Badge plain tone={data.environment === 'production' ? 'bad' : 'accent'} title={`Version ${data.version}`}>
      {data.environment}
    </Badge>
  );
}

function ThemeChoice() {
  const [theme, setTheme] = useState(storedTheme);
  return (
    <Segments
      label="Colours"
      words={themes}
      value={theme}
      onChange={(chosen) => {
        applyTheme(chosen);
        setTheme(chosen);
      }}
    />
  );
}
