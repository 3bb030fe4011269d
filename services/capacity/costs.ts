/** What one unit of work costs, and how we know. */
export interface Cost {
  readonly value: number;
  readonly unit: string;
  /** Of what. */
  readonly what: string;
  /** measured: by `how`, on `measuredOn` · stated: by the document named · guess: nobody has measured it here. */
  readonly by: 'measured' | 'stated' | 'guess';
  readonly how: string;
}

/**
 * A machine busy with other work: CPU time, not time, which that work lengthens by a third or so. What costs nothing there (a network
 * between the processes, disks that others use) is not in it.
 */
export const measuredOn =
  '2 cores of a cloud VM (AMD EPYC), Node 24.21, PostgreSQL 18, chDB 3.4 for ClickHouse, 2026-11-21';

const measure = '`npm run capacity -- --measure`';
const chainBench = '`npm run bench -- chain`, case replay, at 2 and at 60 transactions a block';
const apiBench = '`npm run bench -- api`, cases blocks-pages and stats-kept';
const ingestBench = '`npm run bench -- ingest`, case steady';

function measured(value: number, unit: string, what: string, how = measure): Cost {
  return { value, unit, what, by: 'measured', how };
}

function stated(value: number, unit: string, what: string, how: string): Cost {
  return { value, unit, what, by: 'stated', how };
}

function guess(value: number, unit: string, what: string, how: string): Cost {
  return { value, unit, what, by: 'guess', how };
}

/** A transaction comes with two logs; CPU is in milliseconds of a core. */
export const costs = {
  rpc: {
    endpoints: stated(2, 'endpoints', 'of a network, each asked at every poll', 'the mean of the catalog, about'),
    blocksPerRequest: guess(
      6,
      'blocks',
      'of one HTTP request at the head',
      'what is new at a poll mostly goes at once',
    ),
    answerSeconds: guess(0.3, 's', 'until an endpoint has answered', 'a public endpoint, another continent'),
  },
  sync: {
    pollMs: guess(
      3,
      'ms',
      'one poll of a network: heads of two endpoints, the status',
      'some requests of the raw drain',
    ),
    commitMs: measured(4.5, 'ms', 'one commit of a network, in Node'),
    blockMs: measured(0.3, 'ms', 'one block: fetched, parsed, checked, written, in Node', chainBench),
    txMs: measured(0.04, 'ms', 'one transaction: the same', chainBench),
  },
  relay: {
    commitMs: measured(2.5, 'ms', 'the changes of one commit read from the outbox and marked, in Node'),
    txMs: measured(0.018, 'ms', 'one transaction read and written as JSON'),
  },
  postgres: {
    lookMs: measured(0.075, 'ms', 'a relay looks whose changes wait'),
    lookPerNetworkMs: measured(0.000065, 'ms', 'the same, for each network in the database'),
    commitMs: measured(5.5, 'ms', 'one commit of a network, and its relay'),
    blockMs: measured(0.2, 'ms', 'one block'),
    txMs: measured(0.03, 'ms', 'one transaction, written and relayed'),
    recordMs: measured(0.0105, 'ms', "one record of the market's, by COPY"),
    blockBytes: measured(378, 'B', 'one block on disk, index included'),
    txBytes: measured(941, 'B', 'one transaction (351) and its logs (295 each) on disk, indexes included'),
    walBytesPerTx: measured(1200, 'B', 'write-ahead log of one transaction with its logs'),
  },
  kafka: {
    blockBytes: measured(195, 'B', 'a message of chain.blocks, but for its transactions'),
    txBytes: measured(1103, 'B', 'one transaction and its logs in it'),
    barBytes: measured(802, 'B', 'a message of market.bars'),
    recordOverheadBytes: stated(
      90,
      'B',
      'added to a record and its batch',
      "Kafka's RecordBatch: 61 a batch, 21 a record",
    ),
    brokerMBps: guess(30, 'MB/s', 'one broker takes and gives on a volume, replication included', 'a network volume'),
  },
  stream: {
    commitMs: measured(7, 'ms', "raw rows of one commit in Node: three inserts by ClickHouse's HTTP interface"),
    markMs: guess(5, 'ms', 'marks of one batch in Node, of whatever networks', 'of the 27 that are measured together'),
    windowMs: guess(
      10,
      'ms',
      "one computation of a network's windows in Node",
      'of the 131 that are measured together',
    ),
    txMs: measured(0.02, 'ms', 'one transaction: parsed, checked, written as JSON'),
    barMs: measured(0.02, 'ms', 'one bar: the same'),
  },
  clickhouse: {
    commitMs: measured(48, 'ms', 'raw rows of one commit of a network: a part in each table'),
    markMs: measured(22, 'ms', "marks of one batch: two questions and an insert, 27 with Node's part"),
    txMs: measured(0.02, 'ms', 'one transaction: stored, and read again for its minute'),
    windowMs: measured(
      121,
      'ms',
      "one computation of a network's windows, 131 with Node's part: its own 103, those of protocols 28 in the mean (74 where it has some)",
    ),
    windowTxMs: measured(0.0015, 'ms', 'one transaction and its logs read again for an hour or a day (of 48,000)'),
    searchMs: measured(
      22,
      'ms',
      "one search for a network's windows of a size that others left: 33 of minutes, 16 of others, with 30 days of marks",
    ),
    blockBytes: measured(143, 'B', 'one block, compressed'),
    txBytes: measured(449, 'B', 'one transaction (173) and its logs (138 each), compressed'),
    windowBytesPerNetworkDay: guess(
      600_000,
      'B',
      '1,465 windows of a network a day',
      '845 bytes each before compression',
    ),
    barInsertMs: measured(62, 'ms', 'one insert of a bar with its minute'),
    barMs: measured(0.077, 'ms', 'one bar more in it'),
    barBytes: measured(300, 'B', 'one bar of a second, compressed; digits at random, so real ones are smaller'),
    barMinuteBytes: measured(505, 'B', 'one bar of a minute, compressed'),
  },
  collector: {
    pairMs: measured(0.75, 'ms/s', 'one pair of ten updates a second and its tickers', ingestBench),
    recordsPerPair: stated(
      5.8,
      'rows/s',
      'of one pair, updates of a second joined',
      'README: 25 GB a day for 200, 250 bytes a row',
    ),
    bytesPerPairDay: stated(
      125e6,
      'B',
      'of one pair in PostgreSQL, updates of a second joined',
      'README: 25 GB a day for 200',
    ),
    memoryMiB: stated(0.4, 'MiB', 'one book of two thousand levels', 'catalog/services/market-collector.yaml'),
  },
  api: {
    requestMs: measured(
      0.23,
      'ms',
      'one request in Node: half lists of 100 blocks (0.43), half kept statistics (0.025)',
      apiBench,
    ),
    postgresMs: measured(0.29, 'ms', 'the same in PostgreSQL (0.58 a list of blocks)', apiBench),
    socketMs: measured(0.0124, 'ms', 'one message of 1 kB to one WebSocket client, bare ws'),
    messagesPerClient: guess(5, 'messages/s', 'a client is sent', 'one network busy, or five quiet ones'),
    clientKiB: measured(32, 'KiB', 'one idle WebSocket client, bare ws; 9 in a warm process'),
  },
} as const satisfies Record<string, Record<string, Cost>>;
