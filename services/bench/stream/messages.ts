import type { Catalog } from '../../../catalog/schema/catalog.ts';
import type { Block, Hex } from '../../datasets/chain/block.ts';
import type { BlockAppended } from '../../datasets/chain/changes.ts';
import { addressOf, buildBlock } from '../../datasets/chain/read-fixtures.ts';
import type { Bar } from '../../datasets/market/bar.ts';
import { buildBar, buildBook, buildTrades } from '../../datasets/market/bar-fixtures.ts';
import { messageOf } from '../../datasets/market/bar-message.ts';
import { seededRandom } from '../../testing/seeded-random.ts';

export interface Published {
  readonly key: string;
  readonly value: BlockAppended | Bar;
}

/** ERC-20's Transfer(address,address,uint256), which most logs are. */
const transfer: Hex = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
const secondsApart = 2;
/** A share of the logs is of contracts that the catalog names. */
const namedShare = 0.2;

/**
 * `blocks` blocks of as many networks of the catalog as asked for, all of them growing at the same time, each block with
 * `txs` transactions, each of those with `logs` logs.
 */
export function* chainMessages(
  catalog: Catalog,
  size: { readonly networks: number; readonly blocks: number; readonly txs: number; readonly logs: number },
): Generator<Published> {
  const random = seededRandom(7);
  const chains = catalog.networks
    .filter(({ kind, status }) => kind === 'evm' && status === 'active')
    .slice(0, size.networks)
    .map(({ id }) => ({ id, named: contractsOn(catalog, id), tip: undefined as Block | undefined }));
  if (chains.length < size.networks) throw new Error(`The catalog has ${chains.length} active networks.`);
  for (let at = 0; at < size.blocks; at++) {
    const chain = chains[at % chains.length] as (typeof chains)[number];
    const number = (chain.tip?.number ?? -1) + 1;
    chain.tip = buildBlock({
      number,
      parent: chain.tip,
      timestamp: 1_700_000_000 + number * secondsApart,
      salt: chain.id,
      gasUsed: String(1_000_000 + Math.floor(random() * 2e7)),
      baseFeePerGas: String(5_000_000 + Math.floor(random() * 1e6)),
      txs: Array.from({ length: size.txs }, () => ({
        from: addressOf(Math.floor(random() * 500)),
        to: random() < 0.02 ? null : addressOf(Math.floor(random() * 50)),
        value: String(Math.floor(random() * 1e15)),
        gasUsed: String(21_000 + Math.floor(random() * 4e5)),
        effectiveGasPrice: String(5_000_000 + Math.floor(random() * 2e9)),
        status: random() < 0.03 ? 0 : 1,
        l1Fee: String(Math.floor(random() * 1e13)),
        logCount: size.logs,
      })),
    });
    const contractOf = (): Hex =>
      random() < namedShare && chain.named.length > 0
        ? (chain.named[Math.floor(random() * chain.named.length)] as Hex)
        : addressOf(1000 + Math.floor(random() * 200));
    const wordOf = (): Hex =>
      `0x${addressOf(Math.floor(random() * 500))
        .slice(2)
        .padStart(64, '0')}`;
    yield { key: chain.id, value: appendedOf(chain.id, chain.tip, contractOf, wordOf) };
  }
}

function contractsOn(catalog: Catalog, network: string): Hex[] {
  const all = catalog.protocols.flatMap(({ contracts }) => contracts);
  return all.filter((contract) => contract.network === network).map(({ address }) => address.toLowerCase() as Hex);
}

function appendedOf(network: string, block: Block, contractOf: () => Hex, wordOf: () => Hex): BlockAppended {
  const { number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas } = block;
  return {
    kind: 'appended',
    ...{ network, seq: number + 1, number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas },
    txs: block.txs.map(({ index, hash, type, from, to, value, method, status, ...tx }) => ({
      ...{ index, hash, type, sender: from, recipient: to, value, method, status },
      gasUsed: tx.gasUsed,
      effectiveGasPrice: tx.effectiveGasPrice,
      l1Fee: tx.l1Fee,
      contractAddress: tx.contractAddress,
    })),
    logs: block.logs.map(({ index, txIndex }) => ({
      ...{ index, txIndex, address: contractOf() },
      topics: [transfer, wordOf(), wordOf()],
      data: wordOf(),
    })),
  };
}

/** `seconds` bars of each of `symbols` symbols, second by second. */
export function* barMessages(size: { readonly symbols: number; readonly seconds: number }): Generator<Published> {
  const random = seededRandom(11);
  const priceOf = () => Number((100 + random() * 20).toFixed(2));
  for (let second = 0; second < size.seconds; second++) {
    for (let symbol = 0; symbol < size.symbols; symbol++) {
      const traded = buildTrades(second * 10 + 1, priceOf(), priceOf(), priceOf());
      const book = buildBook({ bid: String(priceOf()), bidSize: String(Math.ceil(random() * 1e6) / 1000) });
      yield messageOf(buildBar(`SYMBOL${symbol}USDT`, second, { traded, book }));
    }
  }
}
