import Type, { type Static } from 'typebox';
import { Status } from '../../catalog/schema/common.ts';
import { Pair } from '../../catalog/schema/pair.ts';
import { gapReasons, gapStreams, recordKinds } from '../datasets/market/record.ts';
import { Count, closed, Nullable, OneOf, shared, Text } from './schema.ts';

// What the API answers with. The descriptions are the documentation.

const Decimal = (description: string) => Type.String({ pattern: '^-?[0-9]+(\\.[0-9]+)?$', description });
const Time = (description: string) => Type.Integer({ description: `${description}; Unix milliseconds` });
const Id = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });

export const symbolStates = ['live', 'gap', 'waiting', 'idle'] as const;

export const SymbolAnswer = Type.Object(
  {
    symbol: Text('Our id of the pair: use it in every path'),
    base: Text('What is traded'),
    quote: Text('What it is priced in'),
    market: OneOf(Pair.properties.market.enum, {
      description: 'spot · usdm: USDⓈ-M futures · coinm: COIN-M futures; each has its rules of update ids',
    }),
    status: OneOf(Status.enum, { description: 'In the catalog' }),
    tickSize: Decimal('Price step'),
    stepSize: Decimal('Quantity step'),
    priority: Type.Integer({ minimum: 1, maximum: 10, description: '10 is resynced first' }),
    category: Text('As the catalog sorts it'),
    successor: Nullable(Text('The pair that took over')),
    state: OneOf(symbolStates, {
      description:
        'live: records come · gap: its book has a gap that lasts, see /gaps · waiting: nothing has come yet, or nothing for five minutes · idle: not collected, see status',
    }),
    firstTime: Nullable(Time('Event time of the oldest record held')),
    lastTime: Nullable(Time('Event time of the newest record held')),
  },
  {
    ...closed,
    $id: 'Symbol',
    description: 'A pair of the catalog, and what is held of it',
    examples: [
      {
        symbol: 'BTCUSDT',
        base: 'BTC',
        quote: 'USDT',
        market: 'spot',
        status: 'active',
        tickSize: '0.01',
        stepSize: '0.00001',
        priority: 10,
        category: 'top10',
        successor: null,
        state: 'live',
        firstTime: 1695211200000,
        lastTime: 1695214800123,
      },
    ],
  },
);
export type SymbolAnswer = Static<typeof SymbolAnswer>;

export const SymbolsAnswer = Type.Object(
  {
    symbols: Type.Array(shared('Symbol', SymbolAnswer), { description: 'By symbol' }),
    total: Count('How many the answer has'),
    digest: Text('The catalog in force'),
  },
  closed,
);
export type SymbolsAnswer = Static<typeof SymbolsAnswer>;

const LevelsAnswer = (description: string) =>
  Type.Array(Type.Array(Type.String(), { minItems: 2, maxItems: 2 }), { description });

export const RecordAnswer = Type.Object(
  {
    kind: OneOf(recordKinds, {
      description:
        'depth: levels that changed · ticker: best bid and ask · trade · snapshot: the whole book as the exchange answered it · checkpoint: the whole book as we had it',
    }),
    updateId: Id(
      'depth: the last update it holds (`u`) · snapshot, checkpoint: `lastUpdateId` · ticker: `u` · trade: its id',
    ),
    firstUpdateId: Nullable(Id('depth: the first update it holds (`U`); null for the rest')),
    previousUpdateId: Nullable(
      Id('depth of futures: the last update of the one before (`pu`); null for the rest and on spot'),
    ),
    eventTime: Time("By the exchange's clock; by ours where it tells none (tickers and snapshots of spot)"),
    receivedAt: Time('When it came to us, by our clock'),
    bid: Nullable(Decimal('Best bid once this was applied; null when the side is empty or not known')),
    bidSize: Nullable(Decimal('Its size')),
    ask: Nullable(Decimal('Best ask once this was applied')),
    askSize: Nullable(Decimal('Its size')),
    price: Nullable(Decimal('Of a trade')),
    size: Nullable(Decimal('Of a trade')),
    buyerIsMaker: Nullable(Type.Boolean({ description: 'Of a trade' })),
    bids: Type.Unsafe<[string, string][] | null>({
      type: ['array', 'null'],
      items: { type: 'array', items: { type: 'string' }, minItems: 2, maxItems: 2 },
      description:
        'Levels [price, size] that changed (size 0: gone), or all that are known; null for tickers and trades',
    }),
    asks: Type.Unsafe<[string, string][] | null>({
      type: ['array', 'null'],
      items: { type: 'array', items: { type: 'string' }, minItems: 2, maxItems: 2 },
      description: 'As bids',
    }),
    bidFloor: Nullable(Decimal('Of a snapshot or checkpoint: every bid from here up is known; null when all are')),
    askCeiling: Nullable(Decimal('Of a snapshot or checkpoint: every ask up to here is known; null when all are')),
  },
  {
    ...closed,
    $id: 'Record',
    description: 'What was recorded, in the digits of the exchange',
    examples: [
      {
        kind: 'depth',
        updateId: 160,
        firstUpdateId: 157,
        previousUpdateId: null,
        eventTime: 1695211200123,
        receivedAt: 1695211200148,
        bid: '27123.45000000',
        bidSize: '0.10000000',
        ask: '27123.46000000',
        askSize: '12.00000000',
        price: null,
        size: null,
        buyerIsMaker: null,
        bids: [['27123.45000000', '0.10000000']],
        asks: [['27123.50000000', '0.00000000']],
        bidFloor: null,
        askCeiling: null,
      },
    ],
  },
);

export const DataAnswer = Type.Object(
  {
    symbol: Text('The pair'),
    order: OneOf(['asc', 'desc'], { description: 'asc: oldest first' }),
    count: Count('Records in this answer'),
    next: Nullable(
      Text('Pass it as `cursor` to go on in the same direction; null when there is no more at this moment'),
    ),
    records: Type.Array(shared('Record', RecordAnswer), { description: 'By event time, kind and update id' }),
  },
  {
    ...closed,
    examples: [
      {
        symbol: 'BTCUSDT',
        order: 'desc',
        count: 1,
        next: 'MX5kZXNjfkJUQ1VTRFR-MTY5NTIxMTIwMDEyM34xNjB-ZGVwdGg',
        records: [
          {
            kind: 'trade',
            updateId: 3200520,
            firstUpdateId: null,
            previousUpdateId: null,
            eventTime: 1695211200123,
            receivedAt: 1695211200148,
            bid: null,
            bidSize: null,
            ask: null,
            askSize: null,
            price: '27125.50000000',
            size: '0.01000000',
            buyerIsMaker: false,
            bids: null,
            asks: null,
            bidFloor: null,
            askCeiling: null,
          },
        ],
      },
    ],
  },
);

export const GapAnswer = Type.Object(
  {
    stream: OneOf(gapStreams, { description: 'Of what updates are missing' }),
    reason: OneOf(gapReasons, {
      description:
        'sequence: an update does not continue the one before · disconnect: the stream was lost · crossed, ticker: the book contradicts itself or the stream · garbage: a message that cannot be read · overflow: too much came while a snapshot was awaited · restart: the collector was not running · spill: there was no place left to keep records',
    }),
    fromUpdateId: Id('The last update before it, of trades the id of a trade; 0 when there was none'),
    toUpdateId: Nullable(Id('The update that the new book starts from; null while it lasts')),
    openedAt: Time("When the last update before it was, by the exchange's clock"),
    closedAt: Nullable(Time("When the update that it ends with was, by the exchange's clock; null while it lasts")),
    detail: Text('For people: what did not fit'),
  },
  {
    ...closed,
    $id: 'Gap',
    description: 'Updates that are missing, or cannot be trusted',
    examples: [
      {
        stream: 'book',
        reason: 'sequence',
        fromUpdateId: 160,
        toUpdateId: 402,
        openedAt: 1695211201000,
        closedAt: 1695211203000,
        detail: 'update 172 does not follow update 160',
      },
    ],
  },
);
export type GapAnswer = Static<typeof GapAnswer>;

export const GapsAnswer = Type.Object(
  {
    symbol: Text('The pair'),
    gaps: Type.Array(shared('Gap', GapAnswer), { description: 'Oldest first' }),
    next: Nullable(Text('Pass it as `cursor` to go on; null at the end')),
  },
  closed,
);
export type GapsAnswer = Static<typeof GapsAnswer>;

export const BookAnswer = Type.Object(
  {
    symbol: Text('The pair'),
    state: OneOf(['live', 'gap'], {
      description: 'live: as the exchange had it · gap: as it was before updates went missing; do not trade on it',
    }),
    stale: Type.Boolean({
      description: 'Its last update is older than a minute: the pair is silent, or nothing comes',
    }),
    at: Nullable(Time('As asked for; null for now')),
    lastUpdateId: Id('The last update that it holds'),
    eventTime: Time('Of that update, by the exchange'),
    receivedAt: Time('Of that update, by us'),
    ageMs: Count('From that update to now, or to `at`'),
    bids: LevelsAnswer('[price, size], the best first: exact, in the digits of the exchange'),
    asks: LevelsAnswer('[price, size], the best first'),
    bidFloor: Nullable(
      Decimal('Every bid from here up is known, further ones may be missing; null when all are known'),
    ),
    askCeiling: Nullable(Decimal('Every ask up to here is known; null when all are known')),
    bidLevels: Count('Levels held of the side, also those that `depth` cuts off'),
    askLevels: Count('Levels held of the side'),
    gap: Type.Union([shared('Gap', GapAnswer), Type.Null()], { description: 'Why it is not live' }),
  },
  {
    ...closed,
    examples: [
      {
        symbol: 'BTCUSDT',
        state: 'live',
        stale: false,
        at: null,
        lastUpdateId: 160,
        eventTime: 1695211200123,
        receivedAt: 1695211200148,
        ageMs: 87,
        bids: [['27123.45000000', '0.10000000']],
        asks: [['27123.46000000', '12.00000000']],
        bidFloor: '26950.00000000',
        askCeiling: '27310.00000000',
        bidLevels: 1000,
        askLevels: 998,
        gap: null,
      },
    ],
  },
);

export const CandleAnswer = Type.Object(
  {
    time: Time('The start'),
    open: Nullable(Decimal('First price; null when nothing was traded: none is carried over')),
    high: Nullable(Decimal('Highest price')),
    low: Nullable(Decimal('Lowest price')),
    close: Nullable(Decimal('Last price')),
    volume: Decimal('Sum of the sizes'),
    quoteVolume: Decimal('Sum of price × size'),
    takerBuyVolume: Decimal('Of trades whose buyer took the price'),
    takerBuyQuoteVolume: Decimal('Of trades whose buyer took the price'),
    vwap: Nullable(Decimal('quoteVolume / volume')),
    trades: Count('Number of trades'),
    firstTradeId: Nullable(Id("The exchange's id")),
    lastTradeId: Nullable(Id("The exchange's id")),
    complete: Type.Boolean({ description: 'It is over, and every trade of it is in it' }),
  },
  {
    ...closed,
    $id: 'Candle',
    description: 'What was traded in an interval',
    examples: [
      {
        time: 1695211200000,
        open: '27123.45',
        high: '27130',
        low: '27120.01',
        close: '27125.5',
        volume: '12.5',
        quoteVolume: '339000.25',
        takerBuyVolume: '7',
        takerBuyQuoteVolume: '189840.14',
        vwap: '27120.02',
        trades: 421,
        firstTradeId: 3200100,
        lastTradeId: 3200520,
        complete: true,
      },
    ],
  },
);

export const CandlesAnswer = Type.Object(
  {
    symbol: Text('The pair'),
    interval: Text('As asked for'),
    candles: Type.Array(shared('Candle', CandleAnswer), {
      description: 'Oldest first. Intervals of which nothing is known are left out',
    }),
  },
  closed,
);
export type CandlesAnswer = Static<typeof CandlesAnswer>;

const Rates = Type.Object(
  {
    last1m: Type.Number({ description: 'Over the last minute' }),
    last5m: Type.Number({ description: 'Over the last five minutes' }),
  },
  { ...closed, description: 'Records a second, by event time' },
);
const Records = Type.Object(
  Object.fromEntries([...recordKinds, 'total'].map((kind) => [kind, Count(`${kind}: records`)])),
  {
    ...closed,
    description:
      'Records held, as counted when they were written: up to a minute behind, and in the first minute of a pair at most 1000 of each kind',
  },
);
const GapCounts = Type.Object(
  { open: Count('That last'), last24h: Count('Found in the last 24 hours') },
  { ...closed, description: 'Gaps of books, trades and tickers' },
);
const counted = {
  records: Records,
  recordsPerSecond: Rates,
  lastUpdate: Nullable(Time('Event time of the newest record')),
  lagMs: Nullable(Count('From lastUpdate to now')),
  gaps: GapCounts,
};

export const StatsAnswer = Type.Object(
  {
    asOf: Time('When this was counted: figures are kept for some seconds'),
    total: Type.Object(
      {
        ...counted,
        symbols: Type.Object(
          Object.fromEntries(symbolStates.map((state) => [state, Count(`In the state ${state}, see /symbols`)])),
          { ...closed, description: 'How many pairs are in each state' },
        ),
        storage: Type.Object(
          { days: Count('Days that have a table'), bytes: Count('On disk, indexes included') },
          { ...closed, description: "By the database's own estimates" },
        ),
      },
      closed,
    ),
    symbols: Type.Array(Type.Object({ symbol: Text('The pair'), state: OneOf(symbolStates), ...counted }, closed), {
      description: 'By symbol; those that were never collected are left out',
    }),
  },
  closed,
);
export type StatsAnswer = Static<typeof StatsAnswer>;

export const healthWords = ['well', 'not well', 'no answer'] as const;
export type HealthWord = (typeof healthWords)[number];

export const HealthAnswer = Type.Object(
  {
    status: OneOf(['ok', 'unhealthy'], { description: 'unhealthy: a module is not well; answered with 503' }),
    environment: Text('local, dev, staging or production'),
    version: Text('Of the program'),
    catalog: Type.Object(
      {
        digest: Text('The catalog in force'),
        refused: Type.Array(Type.String(), { description: 'Why the files on disk are not the catalog in force' }),
      },
      closed,
    ),
    modules: Type.Record(Type.String(), Type.Object({ ok: Type.Boolean(), detail: OneOf(healthWords) }, closed), {
      description: 'The parts of this process that can say how they are',
    }),
  },
  closed,
);

export const sharedAnswers = [SymbolAnswer, RecordAnswer, GapAnswer, CandleAnswer];
