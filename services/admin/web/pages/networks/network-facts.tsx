import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { NetworkAnswer } from '../../../../contracts/chain-answers.ts';
import { formatUsd, unknown } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';

/** What the catalog says of a network. */
export function NetworkFacts({ network }: { readonly network: NetworkAnswer }) {
  const { id, status, statusNote, blockTimeSeconds, explorer, github } = network;
  return (
    <Panel title="In the catalog" aside={<Link href={`/catalog/network/${id}`}>The whole entry</Link>}>
      <dl className="pairs">
        <Fact term="Id">
          <code>{id}</code>
        </Fact>
        <Fact term="Chain id">{network.chainId ?? unknown}</Fact>
        <Fact term="Stack">{network.stack}</Fact>
        <Fact term="Settles on">{network.settlement === 'self' ? 'itself' : network.settlement}</Fact>
        <Fact term="Priority">{network.priority}</Fact>
        <Fact term="Phase">{network.phase}</Fact>
        <Fact term="Status">{statusNote === null ? status : `${status}: ${statusNote}`}</Fact>
        <Fact term="TVL">{formatUsd(network.tvlUsd)}, as the catalog states it</Fact>
        <Fact term="Block time">{blockTimeSeconds === null ? unknown : `${blockTimeSeconds} s, nominal`}</Fact>
        <Fact term="Currency">{network.nativeCurrency.symbol}</Fact>
        <Fact term="Explorer">{explorer === null ? unknown : <Outside href={explorer} />}</Fact>
        <Fact term="Source">{github === null ? unknown : <Outside href={`https://github.com/${github}`} />}</Fact>
      </dl>
    </Panel>
  );
}

function Fact({ term, children }: { readonly term: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Outside({ href }: { readonly href: string }) {
  const { host, pathname } = new URL(href);
  return (
    <a href={href} target="_blank" rel="noreferrer">
      {host}
      {pathname === '/' ? '' : pathname}
    </a>
  );
}
