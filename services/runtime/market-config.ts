import type { Environment } from '../../catalog/schema/environment.ts';
import {
  type DatabaseDefaults,
  databaseDefaults,
  type MarketDefaults,
  marketDefaults,
} from '../../catalog/schema/market-settings.ts';
import { movePort } from './move-port.ts';
import type { Secret, Settings } from './settings.ts';

/** How the order books are collected and kept, with nothing left out. */
export interface MarketConfig extends MarketDefaults {
  /** The part of the address's request weight that this process may spend: more than 0, at most 1. */
  readonly weightShare: number;
  readonly apiKey: Secret | undefined;
  /** The brief's variable, kept for requests that are signed. Nothing makes any: market data needs none. */
  readonly secretKey: Secret | undefined;
}

/** Connections of this process to PostgreSQL, with nothing left out. */
export type DatabaseConfig = DatabaseDefaults;

/**
 * environment.yaml's `market`, overridden by environment variables; the rest as `marketDefaults` has it. With `isReal` the
 * exchange is Binance itself, wherever the file says. What does not fit together goes to `problems`.
 */
export function decideMarket(
  { market = {} }: Pick<Environment, 'market'>,
  settings: Settings['market'],
  { isReal, portOffset }: { readonly isReal: boolean; readonly portOffset: number },
  problems: string[],
): MarketConfig {
  const { symbolsChunkSize, weightShare = 1, apiKey, secretKey } = settings;
  const storage = { ...marketDefaults.storage, ...market.storage };
  if (storage.batchSize > storage.bufferSize)
    problems.push(
      `market.storage: batchSize ${storage.batchSize} is above bufferSize ${storage.bufferSize}: a batch would never fit in memory`,
    );
  return {
    exchange: isReal ? marketDefaults.exchange : exchangeOf(market.exchange, portOffset),
    collection: {
      ...marketDefaults.collection,
      ...market.collection,
      ...(symbolsChunkSize === undefined ? {} : { symbolsChunkSize }),
    },
    storage,
    monitoring: { ...marketDefaults.monitoring, ...market.monitoring },
    weightShare,
    apiKey,
    secretKey,
  };
}

function exchangeOf(
  given: NonNullable<Environment['market']>['exchange'],
  portOffset: number,
): MarketDefaults['exchange'] {
  const { spot, usdm, coinm } = { ...marketDefaults.exchange, ...given };
  const moved = ({ rest, stream }: typeof spot) => ({
    rest: movePort(rest, portOffset),
    stream: movePort(stream, portOffset),
  });
  return { spot: moved(spot), usdm: moved(usdm), coinm: moved(coinm) };
}

export function decideDatabase({ database = {} }: Pick<Environment, 'database'>): DatabaseConfig {
  return { ...databaseDefaults, ...database };
}
