import { Link } from 'wouter';
import type { CatalogAnswer } from '../../../../contracts/admin-answers.ts';

/** The kinds of the catalog, each with how many entries it has. */
export function KindLinks({
  kinds,
  current,
}: {
  readonly kinds: CatalogAnswer['kinds'];
  readonly current: string | undefined;
}) {
  return (
    <nav className="toolbar" aria-label="Kinds of the catalog" style={{ marginTop: 12 }}>
      <Link href="/catalog" className="button" aria-current={current === undefined ? 'page' : undefined}>
        Environments
      </Link>
      {kinds.map(({ kind, key, entries, held }) => (
        <Link
          key={kind}
          href={`/catalog/${kind}`}
          className="button"
          aria-current={kind === current ? 'page' : undefined}
          title={held ? undefined : 'This process is not given this kind'}
        >
          {key} <span className="muted">{held ? entries : '–'}</span>
        </Link>
      ))}
    </nav>
  );
}
