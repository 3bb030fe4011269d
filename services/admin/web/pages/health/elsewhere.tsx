import type { EnvironmentAnswer } from '../../../../contracts/admin-answers.ts';
import { environmentNow } from '../../answers/admin.ts';
import { useAnswer } from '../../answers/use-answer.ts';

type Links = EnvironmentAnswer['links'];

const titles: readonly (readonly [keyof Links, string])[] = [
  ['grafana', 'Grafana'],
  ['analyticsDocs', 'Analytics API'],
  ['marketDocs', 'Market API'],
  ['docs', 'API of this dashboard'],
];

/** Where there is more: figures over time, and what the APIs say of themselves. */
export function Elsewhere() {
  const { data } = useAnswer(environmentNow);
  return (
    <nav className="toolbar" aria-label="Elsewhere">
      {titles.map(([name, title]) => {
        const href = data?.links[name] ?? null;
        return href === null ? null : (
          <a key={name} className="button" href={href} target="_blank" rel="noreferrer">
            {title}
          </a>
        );
      })}
    </nav>
  );
}
