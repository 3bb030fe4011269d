import type { TopicNeed } from './bus-need.ts';
import { costs, measuredOn } from './costs.ts';
import { count, figure, gigabytes, percent, renderMarkdownTable, seconds } from './markdown.ts';
import { sumOf } from './need.ts';
import { binance } from './program.ts';
import type { SimulationResult } from './simulate.ts';
import type { Study } from './sizes.ts';

const nameOf = ({ size }: Study): string => `${count(size.networks)} × ${count(size.pairs)}`;

/** Rows of what is needed, a column a size. */
export function renderNeeds(studies: readonly Study[]): string {
  const row = (what: string, of: (plan: Study['plan'], study: Study) => string): string[] => [
    what,
    ...studies.map((study) => of(study.plan, study)),
  ];
  const keeps = studies[0]?.plan.keeps;
  return renderMarkdownTable(
    ['networks × pairs', ...studies.map(nameOf)],
    [
      row('blocks, transactions a second', ({ rates }) => `${figure(rates.blocks)}, ${figure(rates.txs)}`),
      row('commits of a network a second', ({ rates }) => figure(rates.commits)),
      row('JSON-RPC calls a second, all', ({ shards }) =>
        figure(sumOf(shards, ({ callsPerSecond }) => callsPerSecond)),
      ),
      row('chain-sync: shards of one replica', ({ shards }) => count(shards.length)),
      row('chain.blocks: partitions', ({ stream }) => count(stream.partitions)),
      row('chain.blocks: MB/s', ({ bus }) => figure(bus.chainMBps)),
      row('stream-processor: replicas', ({ processors }) => count(processors)),
      row('market.bars: partitions, MB/s', ({ market, bus }) => `${market.barPartitions}, ${figure(bus.barsMBps)}`),
      row('Kafka: brokers, disk of all', ({ kafka }) => `${kafka.servers}, ${gigabytes(kafka.diskGB * kafka.copies)}`),
      row('chain.blocks: kept of the mean, of the busiest partition', ({ topics }) => keptOf(topics[0])),
      row('market.bars: the same', ({ topics }) => keptOf(topics[1])),
      row('PostgreSQL: servers, busy cores', ({ postgres }) => `${postgres.servers}, ${figure(postgres.cores)}`),
      row(
        `PostgreSQL: a day, ${keeps?.relationalDays} days`,
        ({ postgres }) => `${gigabytes(postgres.gbPerDay)}, ${gigabytes(postgres.diskGB)}`,
      ),
      row(
        'PostgreSQL: write-ahead log',
        ({ rates }) => `${figure((rates.txs * costs.postgres.walBytesPerTx.value) / 1e6)} MB/s`,
      ),
      row(
        'ClickHouse: shards × copies, busy cores',
        ({ clickhouse }) => `${clickhouse.servers} × ${clickhouse.copies}, ${figure(clickhouse.cores)}`,
      ),
      row('ClickHouse: of these busy with windows', ({ stream }) => figure(stream.windows.cores)),
      row(
        `ClickHouse: a day, ${keeps?.timeseriesDays} days`,
        ({ clickhouse }) => `${gigabytes(clickhouse.gbPerDay)}, ${gigabytes(clickhouse.diskGB)}`,
      ),
      row('ClickHouse: of it kept for ever, of a year', ({ clickhouse }) => gigabytes(clickhouse.keptGBPerYear)),
      row('Redis: replicas', () => '1'),
      row('analytics-api: replicas for 1,000 requests/s and clients', ({ apiReplicas }) => count(apiReplicas)),
      row('WebSocket clients of a replica, by', ({ sockets }) => `${count(sockets.clients)}, ${sockets.by}`),
      row('collectors (pairs of each at most)', ({ market }) => `${count(market.collectors)} (50)`),
      row(
        'Binance: connections, minutes to start',
        ({ market }) => `${count(market.connections)}, ${figure(market.startMinutes)}`,
      ),
      row('Binance: addresses to start in five minutes', ({ market }) => count(market.addresses)),
      row(
        `records' PostgreSQL: rows/s, ${keeps?.recordDays} days`,
        ({ market, records }) => `${figure(market.recordsPerSecond)}, ${gigabytes(records.diskGB)}`,
      ),
      row('nodes of pool analytics', ({ bills }) => `${bills.analytics.nodes} ${bills.analytics.machine}`),
      row(
        'pool analytics a month (of it disks)',
        ({ bills: { analytics } }) => `${figure(analytics.monthly)} (${figure(analytics.disks)}) ${analytics.currency}`,
      ),
      row('nodes of pool market', ({ bills }) => `${bills.market.nodes} ${bills.market.machine}`),
      row('pool market a month', ({ bills: { market } }) => `${figure(market.monthly)} ${market.currency}`),
    ],
  );
}

/** What breaks with the catalog as it is, most first. */
export function renderBreaks({ breaks }: Study): string {
  if (breaks.length === 0) return 'Nothing: the catalog as it is bears this.';
  return renderMarkdownTable(
    ['times', 'what', 'to change'],
    breaks.map(({ times, what, change }) => [`${figure(times)}×`, what, change]),
    false,
  );
}

export function renderSimulations(studies: readonly Study[]): string {
  const row = (study: Study, what: string, result: SimulationResult | undefined): string[] => {
    if (result === undefined) return [];
    const { lag, utilisation, hottest, recoverySeconds } = result;
    const fine = recoverySeconds === undefined ? '' : seconds(recoverySeconds);
    const cells = [seconds(lag.p50), seconds(lag.p99), seconds(lag.max), percent(utilisation), percent(hottest)];
    return [nameOf(study), what, ...cells, count(result.left), fine];
  };
  const rows = studies.flatMap((study) => {
    const { partitions, replicas } = study.plan.stream;
    const { planned, half, now, killed } = study.simulated;
    return [
      row(study, `${replicas} replicas, ${partitions} partitions: the plan`, planned),
      row(study, `${Math.floor(replicas / 2)} replicas`, half),
      partitions === study.partitionsNow
        ? []
        : row(study, `${study.partitionsNow} partitions, as the catalog has`, now),
      row(study, 'the plan, and one replica killed', killed),
    ].filter((cells) => cells.length > 0);
  });
  const head = ['size', 'with', 'p50', 'p99', 'most', 'busy', 'hottest', 'waiting', 'fine after'];
  return renderMarkdownTable(head, rows);
}

export function renderSharding(studies: readonly Study[]): string {
  return renderMarkdownTable(
    [
      'networks',
      'shards',
      'mean',
      'largest',
      'moves any',
      'moves most',
      'changed most',
      'calls/s',
      'requests/s',
      'at once',
      'of a core',
    ],
    studies.map(({ size, sharding: s }) => [
      ...[count(size.networks), count(s.shards), figure(s.meanSize), count(s.largest), percent(s.movingShare)],
      ...[count(s.movedMax), count(s.changedMax), figure(s.callsPerSecond), figure(s.requestsPerSecond)],
      ...[figure(s.requestsAtOnce), percent(s.utilisation)],
    ]),
  );
}

export function renderCosts(): string {
  const rows = Object.entries(costs).flatMap(([group, some]) =>
    Object.values(some).map(({ value, unit, what, by, how }) => [
      group,
      `${plain(value)} ${unit}`,
      what,
      `${by}: ${how}`,
    ]),
  );
  return `Measured on ${measuredOn}.\n\n${renderMarkdownTable(['', 'value', 'of', 'how it is known'], rows, false)}`;
}

/** For how long the mean and the busiest partition of a topic keep a record. */
function keptOf(topic: TopicNeed | undefined): string {
  return topic === undefined ? '' : `${figure(topic.meanHours)} h, ${figure(topic.hottestHours)} h`;
}

export function renderBinance(): string {
  const { weightPerMinute, headroom, snapshotWeight, connectsPer5Minutes, streamsPerConnectionMax, streamsPerPair } =
    binance;
  return `Binance: ${count(weightPerMinute)} of request weight a minute and address, ${percent(headroom)} of which we spend, ${snapshotWeight} a snapshot; ${connectsPer5Minutes} connections in five minutes and address; ${count(streamsPerConnectionMax)} streams a connection, of which a pair takes ${streamsPerPair}`;
}

function plain(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 6 });
}
