import { describe, expect, it } from 'vitest';
import { databaseDefaults, marketDefaults } from '../../catalog/schema/market-settings.ts';
import { decideDatabase, decideMarket } from './market-config.ts';
import { secretOf } from './settings.ts';

const simulator = {
  spot: { rest: 'http://127.0.0.1:18600', stream: 'ws://127.0.0.1:18600' },
  usdm: { rest: 'http://localhost:18601', stream: 'ws://[::1]:18601' },
};

describe(decideMarket.name, () => {
  it('fills in what the file leaves out', () => {
    const config = decide({ storage: { retentionDays: 3 } });

    expect(config).toMatchObject({ ...marketDefaults, storage: { ...marketDefaults.storage, retentionDays: 3 } });
    expect(config.weightShare).toBe(1);
  });

  it('moves addresses of this machine with its other ports, and none out there', () => {
    const { exchange } = decide({ exchange: simulator }, { portOffset: 100 });

    expect(exchange.spot).toEqual({ rest: 'http://127.0.0.1:18700', stream: 'ws://127.0.0.1:18700' });
    expect(exchange.usdm).toEqual({ rest: 'http://localhost:18701', stream: 'ws://[::1]:18701' });
    expect(exchange.coinm).toEqual(marketDefaults.exchange.coinm);
    expect(decide({}, { portOffset: 100 }).exchange.spot.stream).toBe('wss://stream.binance.com');
  });

  it('takes Binance itself when the real one is asked for', () => {
    expect(decide({ exchange: simulator }, { isReal: true }).exchange).toEqual(marketDefaults.exchange);
  });

  it('lets environment variables override the file', () => {
    const apiKey = secretOf('hunter2');
    const config = decideMarket(
      { market: { collection: { symbolsChunkSize: 10 } } },
      { symbolsChunkSize: 25, weightShare: 0.25, apiKey },
      { isReal: false, portOffset: 0 },
      [],
    );

    expect(config).toMatchObject({ weightShare: 0.25, apiKey, collection: { symbolsChunkSize: 25 } });
    expect(JSON.stringify(config)).not.toContain('hunter2');
  });

  it('refuses batches that would never be full', () => {
    const problems: string[] = [];
    decide({ storage: { batchSize: 500, bufferSize: 100 } }, {}, problems);

    expect(problems).toEqual([expect.stringContaining('batchSize 500 is above bufferSize 100')]);
  });
});

describe(decideDatabase.name, () => {
  it('fills in what the file leaves out', () => {
    expect(decideDatabase({ database: { maxOverflow: 0 } })).toEqual({ ...databaseDefaults, maxOverflow: 0 });
  });
});

function decide(
  market: NonNullable<Parameters<typeof decideMarket>[0]['market']>,
  { isReal = false, portOffset = 0 } = {},
  problems: string[] = [],
) {
  return decideMarket({ market }, {}, { isReal, portOffset }, problems);
}
