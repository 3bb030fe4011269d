import { describe, expect, it } from 'vitest';
import { checkPairs, type ListedPair } from './exchange-check.ts';
import type { ExchangeSymbol } from './exchange-info.ts';

describe(checkPairs, () => {
  it('finds nothing in a pair that is in order, however its steps are written', () => {
    expect(checkPairs([pair({})], { symbols: [listed({ tickSize: '0.01000000', stepSize: '1.00000000' })] })).toEqual(
      [],
    );
  });

  it('looks a pair up by the name that the exchange has for it', () => {
    const futures = pair({ symbol: 'BTCUSDT.P', exchangeSymbol: 'BTCUSDT' });
    expect(checkPairs([futures], { symbols: [listed({})] })).toEqual([]);
  });

  it('tells a pair that the exchange does not have, with what may be its new name', () => {
    const matic = pair({ symbol: 'MATICUSDT', exchangeSymbol: 'MATICUSDT', base: 'POL' });
    const symbols = [
      listed({}),
      listed({ symbol: 'POLUSDT', base: 'POL' }),
      listed({ symbol: 'POLBTC', base: 'POL', quote: 'BTC' }),
    ];
    expect(checkPairs([pair({}), matic], { symbols })).toEqual([
      { symbol: 'MATICUSDT', kind: 'unknown', exchange: '', catalog: '', perhaps: ['POLUSDT'] },
    ]);
  });

  it.each([
    ['BREAK', 'delisted'],
    ['SETTLING', 'delisted'],
    ['DELIVERED', 'delisted'],
    ['HALT', 'halted'],
    ['PENDING_TRADING', 'halted'],
    ['A_STATUS_OF_TOMORROW', 'halted'],
  ] as const)('calls a pair with status %s %s', (status, kind) => {
    expect(checkPairs([pair({})], { symbols: [listed({ status })] })).toMatchObject([{ kind, exchange: status }]);
  });

  it('does not take a quarterly contract for the new name of a perpetual', () => {
    const gone = listed({ symbol: 'BTCUSDT', status: 'SETTLING', contractType: 'PERPETUAL' });
    const quarterly = listed({ symbol: 'BTCUSDT_270326', contractType: 'CURRENT_QUARTER' });
    expect(checkPairs([pair({})], { symbols: [gone, quarterly] })).toMatchObject([{ kind: 'delisted', perhaps: [] }]);
  });

  it('tells each step that changed, and says nothing of what one side does not tell', () => {
    const symbols = [listed({ tickSize: '0.10', stepSize: '0.5', minNotional: '10' })];
    expect(checkPairs([pair({ minNotional: '5' })], { symbols })).toEqual([
      { symbol: 'BTCUSDT', kind: 'tickChanged', exchange: '0.1', catalog: '0.01', perhaps: [] },
      { symbol: 'BTCUSDT', kind: 'stepChanged', exchange: '0.5', catalog: '1', perhaps: [] },
      { symbol: 'BTCUSDT', kind: 'minNotionalChanged', exchange: '10', catalog: '5', perhaps: [] },
    ]);
    expect(checkPairs([pair({})], { symbols: [listed({ minNotional: '10', tickSize: undefined })] })).toEqual([]);
  });
});

function pair(own: Partial<ListedPair>): ListedPair {
  const common = { base: 'BTC', quote: 'USDT', tickSize: '0.01', stepSize: '1' };
  return { symbol: 'BTCUSDT', exchangeSymbol: 'BTCUSDT', ...common, ...own };
}

function listed(own: Partial<ExchangeSymbol>): ExchangeSymbol {
  return {
    symbol: 'BTCUSDT',
    status: 'TRADING',
    base: 'BTC',
    quote: 'USDT',
    contractType: undefined,
    tickSize: '0.01',
    stepSize: '1',
    minNotional: undefined,
    ...own,
  };
}
