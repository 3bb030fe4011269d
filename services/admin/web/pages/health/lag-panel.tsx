import { Link } from 'wouter';
import type { NetworkHealth } from '../../../../contracts/chain-answers.ts';
import { networksHealth } from '../../answers/analytics.ts';
import { marketStats } from '../../answers/market.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { Figure } from '../../ui/figure.tsx';
import { formatCount, formatSeconds } from '../../ui/format.ts';
import { AnswerPanel } from '../../ui/panel.tsx';
import { compareValues } from '../../ui/sort.ts';
import { Stat, Stats } from '../../ui/stat.tsx';

const shownMax = 5;

/** How far behind what is held is: of the market as a whole, and of the networks that are furthest behind. */
export function LagPanel() {
  const health = useAnswer(networksHealth);
  const market = useAnswer(marketStats);
  return (
    <AnswerPanel title="Lag" answer={health} heightPx={90} isOld={market.isOld}>
      {({ networks }) => (
        <Stats>
          <Stat label="Market" hint="age of the newest record">
            <Figure value={market.data?.total.lagMs} unit="ms">
              {market.data?.total.lagMs == null ? null : formatSeconds(market.data.total.lagMs / 1_000)}
            </Figure>
          </Stat>
          {furthestBehind(networks).map(({ network, lag }) => (
            <Stat
              key={network}
              label={network}
              hint={<Link href={`/networks/${network}`}>{formatCount(lag.blocks)} blocks to the head</Link>}
            >
              <Figure value={lag.seconds} unit="seconds">
                {formatSeconds(lag.seconds)}
              </Figure>
            </Stat>
          ))}
        </Stats>
      )}
    </AnswerPanel>
  );
}

/** Of the networks that are followed. */
function furthestBehind(networks: readonly NetworkHealth[]): readonly NetworkHealth[] {
  return networks
    .filter(({ state, lag }) => state !== 'idle' && lag.seconds !== null)
    .toSorted((a, b) => compareValues(a.lag.seconds, b.lag.seconds, true))
    .slice(0, shownMax);
}
