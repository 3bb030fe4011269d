import Type, { type Static } from 'typebox';
import { Status } from '../../catalog/schema/common.ts';
import { NetworkKind } from '../../catalog/schema/network.ts';
import { Address, Count, closed, Hash, Nullable, OneOf, shared, Text, UnixSeconds, WholeDecimal } from './schema.ts';

// What the API answers with. The descriptions are the documentation: with them and a node, every figure can be computed again.

/** How far back statistics may go, by name. */
export const windowNames = ['1h', '24h', '7d', 'all'] as const;

export const syncStates = ['idle', 'starting', 'syncing', 'synced', 'unreachable', 'unknown'] as const;
const SyncState = () =>
  OneOf(syncStates, {
    description:
      'idle: not synced, see the reason · starting: its head is not known yet · syncing: behind the head or filling history · synced: at the head, history filled · unreachable: no endpoint gives usable answers · unknown: nothing was reported',
  });
const syncReason = 'Why it is idle, unreachable or unknown; null when there is nothing to say';
const syncStale = 'The report is older than 15 seconds: whoever syncs the network has stopped talking';

/** Where the sync of a network stands: what comes with data. */
export const SyncNote = Type.Object(
  {
    state: SyncState(),
    reason: Nullable(Text(syncReason)),
    stale: Type.Boolean({ description: syncStale }),
  },
  closed,
);

/** A block that stands for a state of the chain. */
export const Stamp = (description: string) =>
  Type.Object(
    {
      number: Count('Block number'),
      hash: Hash('Block hash'),
      timestamp: UnixSeconds('When the block was made'),
    },
    { ...closed, description },
  );

/** How far the data is behind the chain. */
export const Lag = Type.Object(
  {
    blocks: Nullable(Count("Blocks from asOf to the network's head; null while the head is not known")),
    seconds: Nullable(Count('Age of asOf when the answer was made')),
  },
  { ...closed, description: 'How far asOf is behind. Not part of the ETag: it changes by itself' },
);

/** What every answer with data of a chain says of itself. */
const freshness = {
  network: Text('The network, by its id'),
  asOf: Nullable(Stamp('The newest block held when the answer was made; null while none is')),
  lag: Lag,
  finality: Type.Object(
    { number: Nullable(Count('The newest block that is final; null while none is known')) },
    { ...closed, description: "Blocks up to this number can no longer be replaced, by the chain's own word" },
  ),
  sync: SyncNote,
};

export const NetworkAnswer = Type.Object(
  {
    id: Text('The word that stands for it in every path, metric and file'),
    name: Text('For people'),
    kind: OneOf(NetworkKind.enum, { description: 'The protocol its nodes speak' }),
    chainId: Nullable(Type.Integer({ description: 'EIP-155 chain id; null for chains that have none' })),
    stack: Text('Node software'),
    settlement: Text('`self`, or the network whose blocks secure this one'),
    priority: Type.Integer({ minimum: 1, maximum: 10, description: '10 is synced first' }),
    phase: Type.Integer({ minimum: 1, maximum: 3, description: 'Phase of the roll-out' }),
    status: OneOf(Status.enum, { description: 'retired: kept as history, never synced' }),
    statusNote: Nullable(Text('Why it is not active')),
    aliasOf: Nullable(Text('The network of which this is another name')),
    renamedTo: Nullable(Text('The name in use today')),
    successor: Nullable(Text('The network that took over')),
    tvlUsd: Nullable(
      Type.Integer({ description: 'Total value locked, US dollars, as the catalog states it: not measured' }),
    ),
    nativeCurrency: Type.Object(
      { symbol: Text('Ticker'), decimals: Count('Digits after the point of one unit') },
      closed,
    ),
    blockTimeSeconds: Nullable(Type.Number({ description: 'Nominal; /stats has the measured one' })),
    explorer: Nullable(Text('Block explorer')),
    github: Nullable(Text('<owner>/<repository>')),
    sync: Type.Object(
      {
        state: SyncState(),
        reason: Nullable(Text(syncReason)),
        stale: Type.Boolean({ description: syncStale }),
        head: Nullable(Count('The last block the network is known to have')),
        synced: Nullable(Count('The last block held')),
        finalized: Nullable(Count('The newest block that is final')),
        lagBlocks: Nullable(Count('head - synced')),
        blocksHeld: Nullable(Count('Blocks held, history included')),
        backfillRemaining: Nullable(Count('Blocks below the head that are wanted and not held yet')),
      },
      { ...closed, description: 'As last reported by chain-sync' },
    ),
  },
  { ...closed, $id: 'Network', description: 'A chain or rollup of the catalog' },
);
export type NetworkAnswer = Static<typeof NetworkAnswer>;

export const NetworksAnswer = Type.Object(
  {
    networks: Type.Array(shared('Network', NetworkAnswer), { description: 'By id' }),
    total: Count('How many networks the answer has'),
    digest: Text('The catalog in force'),
  },
  closed,
);
export type NetworksAnswer = Static<typeof NetworksAnswer>;

const blockFields = {
  number: Count('Height'),
  hash: Hash('Block hash'),
  parentHash: Hash("The parent's hash"),
  timestamp: UnixSeconds('When it was made, by its own word'),
  final: Type.Boolean({ description: 'Not above finality.number: it cannot be replaced any more' }),
  miner: Nullable(Address('Fee recipient: miner, validator or sequencer')),
  gasLimit: WholeDecimal('In gas'),
  gasUsed: WholeDecimal('In gas'),
  baseFeePerGas: Nullable(WholeDecimal('In wei; null where the chain has no EIP-1559 base fee')),
  blobGasUsed: Nullable(WholeDecimal('EIP-4844, in gas')),
  excessBlobGas: Nullable(WholeDecimal('EIP-4844, in gas')),
  l1BlockNumber: Nullable(Count('The L1 block it refers to, where the stack says it')),
  sizeBytes: Nullable(Count('As the node states it')),
  transactions: Count('Number of transactions'),
  logs: Count('Number of event logs'),
};

export const BlockAnswer = Type.Object(blockFields, {
  ...closed,
  $id: 'Block',
  description: 'A block of the canonical chain',
});
export type BlockAnswer = Static<typeof BlockAnswer>;

const txFields = {
  hash: Hash('Transaction hash'),
  blockNumber: Count('Its block'),
  blockHash: Hash("Its block's hash"),
  index: Count('Its place in the block, from 0'),
  timestamp: UnixSeconds("Its block's time"),
  final: Type.Boolean({ description: 'Its block cannot be replaced any more' }),
  type: Type.Integer({
    minimum: 0,
    maximum: 255,
    description: 'EIP-2718 type, also of kinds that only this chain knows',
  }),
  from: Address('Sender'),
  to: Nullable(Address('Recipient; null for a contract creation')),
  value: WholeDecimal('In wei'),
  nonce: WholeDecimal("The sender's count"),
  method: Nullable(
    Type.String({ pattern: '^0x[0-9a-f]{8}$', description: 'First four bytes of the input; null when it is shorter' }),
  ),
  inputBytes: Count('Length of the input'),
  gasLimit: WholeDecimal('In gas'),
  gasPrice: Nullable(WholeDecimal('In wei, as offered')),
  maxFeePerGas: Nullable(WholeDecimal('EIP-1559, in wei')),
  maxPriorityFeePerGas: Nullable(WholeDecimal('EIP-1559, in wei')),
  maxFeePerBlobGas: Nullable(WholeDecimal('EIP-4844, in wei')),
  status: Nullable(Type.Integer({ minimum: 0, maximum: 1, description: '1 succeeded, 0 failed; null before EIP-658' })),
  gasUsed: WholeDecimal('In gas'),
  effectiveGasPrice: Nullable(WholeDecimal('In wei, as paid')),
  executionFee: Nullable(WholeDecimal('gasUsed × effectiveGasPrice, in wei; null where the price is not known')),
  contractAddress: Nullable(Address('The contract created')),
  logs: Count('Number of event logs'),
  blobGasUsed: Nullable(WholeDecimal('EIP-4844, in gas')),
  blobGasPrice: Nullable(WholeDecimal('EIP-4844, in wei')),
  l1Fee: Nullable(WholeDecimal('OP stack: the fee for publishing to L1, in wei, on top of executionFee')),
  l1GasUsed: Nullable(WholeDecimal('OP stack, in L1 gas')),
  l1GasPrice: Nullable(WholeDecimal('OP stack, in wei')),
  l1BlockNumber: Nullable(Count('The L1 block it refers to, where the stack says it')),
  gasUsedForL1: Nullable(WholeDecimal('Arbitrum: the part of gasUsed that pays for L1')),
};

export const TxAnswer = Type.Object(txFields, {
  ...closed,
  $id: 'Transaction',
  description: 'A transaction of the canonical chain joined with its receipt',
});
export type TxAnswer = Static<typeof TxAnswer>;

const next = Nullable(Text('Pass it as `before` to get the following, older rows; null at the end of the list'));
const Extra = Nullable(
  Type.Record(Type.String(), Type.Unknown(), {
    description: "Other fields of the node's answer, as it spelt them: those of its own stack",
  }),
);

export const BlocksAnswer = Type.Object(
  { ...freshness, blocks: Type.Array(shared('Block', BlockAnswer), { description: 'Newest first' }), next },
  closed,
);
export const TxsAnswer = Type.Object(
  {
    ...freshness,
    txs: Type.Array(shared('Transaction', TxAnswer), { description: 'Newest first: by block, then by index' }),
    next,
  },
  closed,
);
export type BlocksAnswer = Static<typeof BlocksAnswer>;
export type TxsAnswer = Static<typeof TxsAnswer>;
export const OneBlockAnswer = Type.Object(
  { ...freshness, block: Type.Object({ ...blockFields, extra: Extra }, closed) },
  closed,
);
export const OneTxAnswer = Type.Object(
  { ...freshness, tx: Type.Object({ ...txFields, extra: Extra }, closed) },
  closed,
);

export const ReorgsAnswer = Type.Object(
  {
    ...freshness,
    reorgs: Type.Array(
      Type.Object(
        {
          at: Type.Integer({ description: 'When it was followed; Unix milliseconds' }),
          depth: Count('How many blocks it replaced'),
          fromBlock: Count('The lowest of them'),
          toBlock: Count('The highest of them'),
          blocks: Type.Array(
            Type.Object(
              {
                number: Count('Height'),
                hash: Hash('Of the block that left the chain'),
                timestamp: UnixSeconds('When it was made, by its own word'),
                transactions: Count('How many it had'),
              },
              closed,
            ),
            { description: 'Those that left the chain, the lowest first' },
          ),
        },
        closed,
      ),
      { description: 'Newest first. A block that left twice is in the newest alone' },
    ),
  },
  closed,
);
export type ReorgsAnswer = Static<typeof ReorgsAnswer>;

const FeeTotals = (description: string) =>
  Type.Object(
    {
      transactions: Count('Over how many transactions: those for which it is known'),
      total: WholeDecimal('Sum, in wei'),
      mean: Nullable(WholeDecimal('total / transactions, rounded down to whole wei; null over none')),
    },
    { ...closed, description },
  );

export const StatsAnswer = Type.Object(
  {
    ...freshness,
    window: Type.Object(
      {
        name: OneOf([...windowNames, 'range'], { description: 'As asked for; range: by block numbers' }),
        seconds: Nullable(Count('Length of the window')),
      },
      {
        ...closed,
        description: 'A block belongs to it when asOf.timestamp - seconds < its timestamp <= asOf.timestamp',
      },
    ),
    coverage: Nullable(
      Type.Object(
        {
          fromBlock: Count('The lowest block counted'),
          toBlock: Count('The highest block counted'),
          toHash: Hash('The hash of toBlock: with its ancestors, exactly what was counted'),
          complete: Type.Boolean({
            description:
              'Every block that belongs to the window was counted. False while history is still being filled, and where it does not reach back far enough',
          }),
        },
        { ...closed, description: 'Null when no block of the window is held' },
      ),
    ),
    stats: Nullable(
      Type.Object(
        {
          blocks: Count('Blocks counted'),
          transactions: Count('Transactions in them, those that the chain itself makes included'),
          failedTransactions: Nullable(Count('Transactions with receipt status 0; null when no receipt has a status')),
          contractCreations: Count('Transactions without a recipient (`to` is null), failed ones included'),
          activeSenders: Count('Different `from` addresses'),
          logs: Count('Event logs'),
          gasUsed: WholeDecimal("Sum of the blocks' gasUsed"),
          blockTimeSeconds: Nullable(
            Type.Number({ description: '(highest - lowest timestamp) / (blocks - 1); null for a single block' }),
          ),
          tps: Nullable(
            Type.Number({ description: '(transactions / blocks) / blockTimeSeconds; null where that is null or 0' }),
          ),
          gasPrice: Nullable(
            Type.Object(
              { p50: WholeDecimal('Median, in wei'), p95: WholeDecimal('In wei') },
              {
                ...closed,
                description:
                  'Percentiles of effectiveGasPrice: with the n known prices in ascending order, the one at place floor(p × n), counted from 0. Null when none is known',
              },
            ),
          ),
          executionFees: Nullable(
            FeeTotals(
              'gasUsed × effectiveGasPrice: what transactions paid on this chain. Null where receipts tell no price',
            ),
          ),
          l1DataFees: Nullable(
            FeeTotals(
              'l1Fee: what transactions paid for being published to L1, on top. Null where receipts do not tell it',
            ),
          ),
          baseFeePerGas: Nullable(
            Type.Object(
              {
                newest: Nullable(WholeDecimal("The highest block's, in wei")),
                min: WholeDecimal('In wei'),
                max: WholeDecimal('In wei'),
                mean: WholeDecimal('Over blocks, not weighted, rounded down to whole wei'),
              },
              { ...closed, description: 'Of the blocks that have one; null where none has' },
            ),
          ),
        },
        { ...closed, description: 'Null when no block of the window is held' },
      ),
    ),
  },
  closed,
);
export type StatsAnswer = Static<typeof StatsAnswer>;

export const HealthAnswer = Type.Object(
  {
    status: OneOf(['ok', 'degraded'], {
      description:
        'degraded: a module is not well, or the catalog on disk is refused. The service answers all the same',
    }),
    environment: Text('local, dev, staging or production'),
    version: Text('Of the program'),
    catalog: Type.Object(
      {
        digest: Text('The catalog in force'),
        since: Type.String({ format: 'date-time', description: 'When it came into force' }),
        refused: Type.Array(Type.String(), {
          description: 'Why the files on disk are not the catalog in force, a line a problem; empty when they are',
        }),
      },
      closed,
    ),
    modules: Type.Record(
      Type.String(),
      Type.Object({ ok: Type.Boolean(), detail: Nullable(Text('For people')) }, closed),
      { description: 'The parts of this process that can say how they are' },
    ),
  },
  closed,
);
export type HealthAnswer = Static<typeof HealthAnswer>;

export const NetworkHealth = Type.Object(
  {
    network: Text('The network, by its id'),
    state: SyncState(),
    reason: Nullable(Text(syncReason)),
    stale: Type.Boolean({ description: syncStale }),
    reportAgeSeconds: Nullable(
      Type.Number({ description: 'Age of what is said here; null when nothing was reported' }),
    ),
    head: Nullable(Count('The last block the network is known to have')),
    synced: Nullable(Count('The last block held')),
    lag: Type.Object(
      {
        blocks: Nullable(Count('head - synced')),
        seconds: Nullable(Count('Age of the newest block held')),
      },
      closed,
    ),
    errorRate: Nullable(
      Type.Number({ description: 'Failed requests as a share of all in the last five minutes, 0 to 1' }),
    ),
    blocksPerSecond: Nullable(Type.Number({ description: 'Blocks committed a second, over the last 30 seconds' })),
    finality: Type.Object(
      {
        number: Nullable(Count('The newest block that is final')),
        seconds: Nullable(Type.Number({ description: 'Age of the newest final block when it was seen to be final' })),
      },
      closed,
    ),
    blocksHeld: Nullable(Count('Blocks held, history included')),
    backfillRemaining: Nullable(Count('Blocks below the head that are wanted and not held yet')),
    reorgs: Nullable(Count('Reorganisations followed since chain-sync started')),
    endpoints: Type.Array(
      Type.Object(
        {
          host: Text('Without path: it may hold a key'),
          state: Text('How the endpoint is used'),
          reason: Nullable(Text('What it did wrong last')),
          requests: Count('Requests answered or failed'),
          errors: Count('Requests failed'),
          latencyMs: Nullable(Type.Number({ description: 'How long its answers take lately' })),
          head: Nullable(Count('The last block it told of')),
        },
        closed,
      ),
      { description: 'Its RPC endpoints, in order of preference' },
    ),
  },
  { ...closed, $id: 'NetworkHealth', description: 'How the sync of a network is' },
);
export type NetworkHealth = Static<typeof NetworkHealth>;

export const NetworksHealthAnswer = Type.Object(
  {
    networks: Type.Array(shared('NetworkHealth', NetworkHealth), { description: 'By id' }),
    total: Count('How many networks the answer has'),
    states: Type.Record(Type.String(), Type.Integer(), { description: 'How many networks are in each state' }),
  },
  closed,
);
export type NetworksHealthAnswer = Static<typeof NetworksHealthAnswer>;

export const sharedAnswers = [NetworkAnswer, BlockAnswer, TxAnswer, NetworkHealth];
