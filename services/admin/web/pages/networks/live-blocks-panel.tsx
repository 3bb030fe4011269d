import type { NetworkAnswer } from '../../../../contracts/chain-answers.ts';
import type { ChainView } from '../../live/chain-view.ts';
import { Age } from '../../ui/age.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Figure } from '../../ui/figure.tsx';
import { formatCount, formatWei, formatWhole, shortHash } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState, Loading } from '../../ui/states.tsx';

const shownMax = 12;

/** The newest blocks as they come; one that leaves the chain leaves the list. */
export function LiveBlocksPanel({
  chain,
  isOld,
  currency,
}: {
  readonly chain: ChainView;
  readonly isOld: boolean;
  readonly currency: NetworkAnswer['nativeCurrency'];
}) {
  return (
    <Panel title="Newest blocks" flush isOld={isOld}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className="table-scroll" aria-label="Newest blocks" tabIndex={0} style={{ minHeight: 470 }}>
        {chain.chainSeq === 0 && !chain.isTold ? (
          <Loading heightPx={470} label="Waiting for blocks" />
        ) : chain.blocks.length === 0 ? (
          <EmptyState title="No block is held yet">The first one appears here once the network is synced.</EmptyState>
        ) : (
          <table className="data">
            <caption className="visually-hidden">Newest blocks</caption>
            <thead>
              <tr>
                <th scope="col">Block</th>
                <th scope="col">Age</th>
                <th scope="col" className="end">
                  Transactions
                </th>
                <th scope="col" className="end">
                  Full
                </th>
                <th scope="col" className="end">
                  Fees
                </th>
                <th scope="col">Hash</th>
              </tr>
            </thead>
            <tbody>
              {chain.blocks.slice(0, shownMax).map((block) => (
                <tr key={block.hash} data-block={block.number}>
                  <td>
                    <Figure value={block.number}>{formatWhole(block.number)}</Figure>{' '}
                    {chain.finalized !== null && block.number <= chain.finalized ? (
                      <Badge tone="good">final</Badge>
                    ) : null}
                  </td>
                  <td>
                    <Age ms={block.timestamp * 1_000} />
                  </td>
                  <td className="end">
                    <Figure value={block.transactions}>{formatCount(block.transactions)}</Figure>
                  </td>
                  <td className="end">{fullnessOf(block)}</td>
                  <td className="end">
                    <Figure value={block.fees.execution} unit="wei">
                      {formatWei(block.fees.execution, currency.symbol, currency.decimals)}
                    </Figure>
                  </td>
                  <td className="mono" title={block.hash}>
                    {shortHash(block.hash)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </Panel>
  );
}

function fullnessOf({ gasUsed, gasLimit }: { readonly gasUsed: string; readonly gasLimit: string }): string {
  const limit = BigInt(gasLimit);
  return limit === 0n ? '–' : `${Number((BigInt(gasUsed) * 1_000n) / limit) / 10}%`;
}
