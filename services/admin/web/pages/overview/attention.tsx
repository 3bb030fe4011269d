import { Link } from 'wouter';
import { environmentNow } from '../../answers/admin.ts';
import { networksHealth } from '../../answers/analytics.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { useConnection, useLiveSocket, useNetworksNow } from '../../live/live-context.tsx';
import { isBroken } from '../../live/live-socket.ts';
import { Badge } from '../../ui/badge.tsx';
import { AnswerPanel } from '../../ui/panel.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { type Finding, findingOf } from './findings.ts';

const shownMax = 8;

/** What is not as it should be, with where to look: nothing more than the other pages say, gathered. */
export function Attention() {
  const health = useAnswer(networksHealth);
  const environment = useAnswer(environmentNow);
  const live = useNetworksNow();
  const connection = useConnection(useLiveSocket());
  const refused = (environment.data?.catalog.refused ?? []).map(
    (detail): Finding => ({ tone: 'bad', word: 'refused', href: '/catalog', name: 'Catalog', detail }),
  );
  return (
    <AnswerPanel title="Needs attention" answer={health} heightPx={40} isOld={isBroken(connection)}>
      {({ networks }) => {
        const found = networks.map((each) => findingOf(each, live.get(each.network)));
        return <Findings findings={[...refused, ...found.filter((each) => each !== undefined)]} />;
      }}
    </AnswerPanel>
  );
}

function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  if (findings.length === 0) return <EmptyState title="Nothing: all that is followed is well" />;
  return (
    <ul className="findings">
      {findings.slice(0, shownMax).map(({ tone, word, href, name, detail }) => (
        <li key={`${href} ${detail}`}>
          <Badge tone={tone}>{word}</Badge> <Link href={href}>{name}</Link> <span className="muted">{detail}</span>
        </li>
      ))}
      {findings.length > shownMax ? (
        <li>
          <Link href="/networks">and {findings.length - shownMax} more</Link>
        </li>
      ) : null}
    </ul>
  );
}
