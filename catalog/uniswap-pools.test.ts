import { fileURLToPath } from 'node:url';
import { AbiCoder, getCreate2Address, keccak256 } from 'ethers';
import { describe, expect, it } from 'vitest';
import { loadCatalog } from './load.ts';

// A mistyped pool would be a contract without events, which nobody would notice.

/** Of UniswapV3Pool's creation code: POOL_INIT_CODE_HASH of v3-periphery's PoolAddress.sol, the same on every chain. */
const initCodeHash = '0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54';
const fees = [100, 500, 3000, 10_000];
/** What the listed pools trade, by the tokens' own sites. */
const tokens: Readonly<Record<string, readonly string[]>> = {
  ethereum: [
    '0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2', // WETH
    '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48', // USDC
    '0xdAC17F958D2ee523a2206206994597C13D831ec7', // USDT
    '0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599', // WBTC
    '0x6B175474E89094C44Da98b954EedeAC495271d0F', // DAI
  ],
  optimism: [
    '0x4200000000000000000000000000000000000006', // WETH
    '0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85', // USDC
    '0x4200000000000000000000000000000000000042', // OP
    '0x1F32b1c2345538c0c6f582fCB022739c4A194Ebb', // wstETH
  ],
  arbitrum_one: [
    '0x82aF49447D8a07e3bd95BD0d56f35241523fBab1', // WETH
    '0xaf88d065e77c8cC2239327C5EDb3A432268e5831', // USDC
    '0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9', // USDT
    '0x2f2a2543B76A4166549F7aaB2e75Bef0aefC5B0f', // WBTC
    '0x912CE59144191C1204E64559FE8253a0e49E6548', // ARB
  ],
  polygon_pos: [
    '0x0d500B1d8E8eF31E21C99d1Db9A6444d3ADf1270', // WPOL
    '0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359', // USDC
    '0x7ceB23fD6bC0adD59E62ac25578270cFf1b9f619', // WETH
  ],
  base: [
    '0x4200000000000000000000000000000000000006', // WETH
    '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913', // USDC
  ],
};

describe('pools of Uniswap V3', () => {
  const { contracts } = loadCatalog(fileURLToPath(new URL('.', import.meta.url))).protocols.find(
    ({ id }) => id === 'uniswap-v3',
  ) ?? { contracts: [] };
  const pools = contracts.filter(({ name }) => name === 'UniswapV3Pool');

  it('are listed on every network of the factory', () => {
    const networksOf = (wanted: string) =>
      new Set(contracts.filter(({ name }) => name === wanted).map(({ network }) => network));
    expect(networksOf('UniswapV3Pool')).toEqual(networksOf('UniswapV3Factory'));
  });

  it.each(pools)('stand where the factory of $network puts them: $address', ({ network, address }) => {
    const factory = contracts.find((each) => each.network === network && each.name === 'UniswapV3Factory')?.address;
    expect(poolsOf(factory ?? '', tokens[network] ?? [])).toContain(address);
  });
});

/** Every pool that a factory can make of these tokens: CREATE2 (EIP-1014) with the hash of both tokens and the fee as salt. */
function poolsOf(factory: string, all: readonly string[]): string[] {
  const sorted = all.toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  return sorted.flatMap((token0, at) =>
    sorted
      .slice(at + 1)
      .flatMap((token1) =>
        fees.map((fee) =>
          getCreate2Address(
            factory,
            keccak256(AbiCoder.defaultAbiCoder().encode(['address', 'address', 'uint24'], [token0, token1, fee])),
            initCodeHash,
          ),
        ),
      ),
  );
}
