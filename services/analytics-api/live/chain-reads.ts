import type { Hex } from '../../datasets/chain/block.ts';
import { type BlockStamp, readNewest } from '../../datasets/chain/read.ts';
import { hexOf, integerOf } from '../../datasets/chain/rows.ts';
import { readStatus } from '../../datasets/chain/status.ts';
import type { Relational } from '../../stores/relational.ts';
import type { Reported } from '../network-view.ts';
import type { BlockNote } from './texts.ts';

/** What is read of the store for whoever follows chains. */
export interface ChainReads {
  look(): Promise<StoreLook>;
  /** The newest `blocksMax` blocks of each of the networks, all of one moment. Networks never synced are left out. */
  ends(networks: readonly string[], blocksMax: number): Promise<readonly ChainEnd[]>;
}

export function createChainReads(relational: Relational): ChainReads {
  return {
    look: () => readLook(relational),
    ends: (networks, blocksMax) => readEnds(relational, networks, blocksMax),
  };
}

/** What the store knows of all networks at one time. */
export interface StoreLook {
  readonly reported: ReadonlyMap<string, Reported>;
  /** The newest block held of each. */
  readonly newest: ReadonlyMap<string, BlockStamp>;
  /** Of each network: its last change, and the last one that the bus was given. */
  readonly cursors: ReadonlyMap<string, { readonly seq: number; readonly relayedSeq: number }>;
}

/** All networks in three short queries. */
async function readLook(relational: Relational): Promise<StoreLook> {
  const [statuses, newest, cursors] = await Promise.all([
    readStatus(relational),
    readNewest(relational),
    relational.query<{ network: string; seq: string; relayed_seq: string }>(
      'SELECT network, seq, relayed_seq FROM chain.cursors',
    ),
  ]);
  return {
    reported: new Map(statuses.map((each) => [each.report.network, each])),
    newest,
    cursors: new Map(
      cursors.map((row) => [row.network, { seq: integerOf(row.seq), relayedSeq: integerOf(row.relayed_seq) }]),
    ),
  };
}

/** The end of a network's chain, and the last change that it is of. */
export interface ChainEnd {
  readonly network: string;
  readonly seq: number;
  readonly finalized: number | null;
  /** Ascending. */
  readonly blocks: readonly BlockNote[];
}

interface EndRow {
  readonly network: string;
  readonly seq: string;
  readonly finalized_number: string | null;
  readonly number: string | null;
  readonly hash: Buffer;
  readonly timestamp: string;
  readonly gas_limit: string;
  readonly gas_used: string;
  readonly base_fee_per_gas: string | null;
  readonly tx_count: number;
  readonly log_count: number;
  readonly priced: string;
  readonly execution: string | null;
  readonly l1_data: string | null;
}

/** In one query, and so of one moment. */
async function readEnds(relational: Relational, networks: readonly string[], blocksMax: number): Promise<ChainEnd[]> {
  const rows = await relational.query<EndRow>(
    `SELECT c.network, c.seq, c.finalized_number, b.number, b.hash, b.timestamp, b.gas_limit, b.gas_used,
            b.base_fee_per_gas, b.tx_count, b.log_count, t.priced, t.execution, t.l1_data
       FROM chain.cursors c
       LEFT JOIN LATERAL (SELECT * FROM chain.blocks WHERE network = c.network ORDER BY number DESC LIMIT $2) b ON true
       LEFT JOIN LATERAL (
         SELECT count(effective_gas_price) AS priced, sum(gas_used * effective_gas_price) AS execution, sum(l1_fee) AS l1_data
           FROM chain.txs WHERE network = c.network AND block_number = b.number) t ON true
      WHERE c.network = ANY ($1) ORDER BY c.network, b.number`,
    [networks, blocksMax],
  );
  return [...Map.groupBy(rows, ({ network }) => network)].map(([network, own]) => {
    const [first] = own as [EndRow, ...EndRow[]];
    return {
      network,
      seq: integerOf(first.seq),
      finalized: first.finalized_number === null ? null : integerOf(first.finalized_number),
      blocks: own.flatMap((row) => (row.number === null ? [] : [blockOf(row, row.number)])),
    };
  });
}

function blockOf(row: EndRow, number: string): BlockNote {
  const isUnpriced = row.priced === '0' && row.tx_count > 0;
  return {
    number: integerOf(number),
    hash: hexOf(row.hash) as Hex,
    timestamp: integerOf(row.timestamp),
    transactions: row.tx_count,
    logs: row.log_count,
    gasUsed: row.gas_used,
    gasLimit: row.gas_limit,
    baseFeePerGas: row.base_fee_per_gas,
    fees: { execution: isUnpriced ? null : (row.execution ?? '0'), l1Data: row.l1_data },
  };
}
