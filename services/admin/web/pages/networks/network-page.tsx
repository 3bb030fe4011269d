import { Link } from 'wouter';
import { networksHealth, oneNetwork } from '../../answers/analytics.ts';
import { useAnswer } from '../../answers/use-answer.ts';
import { useConnection, useLiveSocket, useNetworkNow } from '../../live/live-context.tsx';
import { isBroken } from '../../live/live-socket.ts';
import { useChain, useGasNow } from '../../live/use-chain.ts';
import { Age } from '../../ui/age.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Figure } from '../../ui/figure.tsx';
import {
  formatCount,
  formatGwei,
  formatRate,
  formatSeconds,
  formatShare,
  formatTime,
  formatWei,
  formatWhole,
} from '../../ui/format.ts';
import { NetworkState } from '../../ui/network-state.tsx';
import { OldBadge } from '../../ui/old-badge.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { ErrorState, Loading } from '../../ui/states.tsx';
import { EndpointsPanel } from './endpoints-panel.tsx';
import { LiveBlocksPanel } from './live-blocks-panel.tsx';
import { NetworkFacts } from './network-facts.tsx';
import { ReorgsPanel } from './reorgs-panel.tsx';
import { SeriesPanel } from './series-panel.tsx';
import { TxsPanel } from './txs-panel.tsx';

/** One network: what happens on it now, what it costs, what left its chain, and how its nodes are. */
export function NetworkPage({ id }: { readonly id: string }) {
  const network = useAnswer(oneNetwork(id));
  const health = useAnswer(networksHealth);
  const now = useNetworkNow(id);
  const chain = useChain(id);
  const gas = useGasNow(id);
  const connection = useConnection(useLiveSocket());
  // Before anything was told the answers of the API are shown.
  const isOfBefore = chain.chainSeq > 0 && !chain.isTold;
  const isOld = isBroken(connection) || chain.stale !== undefined || isOfBefore;
  const own = health.data?.networks.find((each) => each.network === id);
  if (network.data === undefined) {
    return network.error === null ? (
      <Loading heightPx={600} />
    ) : (
      <Panel title={id}>
        <ErrorState error={network.error} onRetry={() => void network.refetch()} />
        <Link href="/networks">All networks</Link>
      </Panel>
    );
  }
  const { name, nativeCurrency } = network.data;
  return (
    <>
      <div className={isOld ? 'toolbar is-old' : 'toolbar'}>
        <Link href="/networks">Networks</Link>
        <span className="muted">/</span>
        <h2>{name}</h2>
        <NetworkState network={network.data} now={now} />
        <OldBadge answer={network} />
        {chain.stale === undefined ? null : (
          <Badge tone="warn" title={chain.stale.reason}>
            Old since {formatTime(chain.stale.since)}
          </Badge>
        )}
      </div>
      <div className={isOld || health.isOld ? 'is-old' : undefined}>
        <Stats>
          <Stat label="Head" hint={<Age ms={now?.time == null ? null : now.time * 1_000} />}>
            <Figure value={now?.head ?? own?.head}>{formatWhole(now?.head ?? own?.head)}</Figure>
          </Stat>
          <Stat label="Lag" hint="blocks to the head">
            <Figure value={now?.lagBlocks ?? own?.lag.blocks}>{formatCount(now?.lagBlocks ?? own?.lag.blocks)}</Figure>
          </Stat>
          <Stat label="Final" hint={`${formatSeconds(own?.finality.seconds)} after the block`}>
            <Figure value={now?.finalized ?? own?.finality.number}>
              {formatWhole(now?.finalized ?? own?.finality.number)}
            </Figure>
          </Stat>
          <Stat label="Transactions a second" hint="over the last minute">
            <Figure value={now?.tps}>{formatRate(now?.tps)}</Figure>
          </Stat>
          <Stat label="Base fee" hint={gas === undefined ? undefined : `block ${formatWhole(gas.number)}`}>
            <Figure value={gas?.baseFeePerGas} unit="wei">
              {formatGwei(gas?.baseFeePerGas)}
            </Figure>
          </Stat>
          <Stat
            label="Median fee"
            hint={
              gas?.l1DataFees == null
                ? 'execution'
                : `execution; L1 data ${formatWei(gas.l1DataFees.p50, nativeCurrency.symbol, nativeCurrency.decimals)}`
            }
          >
            <Figure value={gas?.executionFees?.p50} unit="wei">
              {formatWei(gas?.executionFees?.p50, nativeCurrency.symbol, nativeCurrency.decimals)}
            </Figure>
          </Stat>
          <Stat label="Failed requests" hint="of the last five minutes">
            <Figure value={own?.errorRate}>{formatShare(own?.errorRate)}</Figure>
          </Stat>
          <Stat label="History left" hint="blocks to be filled in">
            <Figure value={own?.backfillRemaining}>{formatCount(own?.backfillRemaining)}</Figure>
          </Stat>
        </Stats>
      </div>
      <SeriesPanel id={id} currency={nativeCurrency} />
      <div className="grid">
        <LiveBlocksPanel chain={chain} isOld={isOld} currency={nativeCurrency} />
        <TxsPanel id={id} currency={nativeCurrency} isOld={chain.stale !== undefined} />
      </div>
      <EndpointsPanel health={health} id={id} />
      <div className="grid">
        <ReorgsPanel id={id} seen={chain.retracted.length} />
        <NetworkFacts network={network.data} />
      </div>
    </>
  );
}
