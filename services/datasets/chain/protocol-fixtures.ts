import { AbiCoder, concat, dataLength, id, type ParamType, toBeHex, zeroPadValue } from 'ethers';
import fc from 'fast-check';
import { findEvent } from '../../../catalog/protocol-event.ts';
import type { Protocol } from '../../../catalog/schema/protocol.ts';
import type { Hex } from './block.ts';
import type { BlockAppended, BlockRetracted, ChainEvent, LogAppended, TxAppended } from './changes.ts';
import { addressOf, buildChain } from './read-fixtures.ts';

// Random chains of calls to a few protocols and their events, for the tests of what is computed from them.

const [token, nft, poolA, poolB, lender, router] = ['token', 'nft', 'pool a', 'pool b', 'lender', 'router'].map(
  addressOf,
) as [Hex, Hex, Hex, Hex, Hex, Hex];

/** Layouts of ERC-20, ERC-721, Uniswap V2 and V3, amounts of a named asset, dynamic parameters, and a contract of two protocols. */
export function protocolsOn(network: string): Protocol[] {
  return [
    protocolOf('token', network, { Token: [token] }, [
      ['Token', 'event Transfer(address indexed from, address indexed to, uint256 value)'],
    ]),
    protocolOf('nft', network, { Nft: [nft] }, [
      ['Nft', 'event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)'],
    ]),
    protocolOf('dex', network, { Pair: [poolA], Pool: [poolB], Router: [router], Token: [token] }, [
      [
        'Pair',
        'event Swap(address indexed sender, uint256 amount0In, uint256 amount1In, uint256 amount0Out, uint256 amount1Out, address indexed to)',
      ],
      [
        'Pool',
        'event Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick)',
      ],
      ['Router', 'event Routed(address indexed by, bytes note, uint256[] amounts, string name, uint112 amount)'],
      ['Token', 'event Approval(address indexed owner, address indexed spender, uint256 value)'],
    ]),
    protocolOf('lending', network, { Pool: [lender] }, [
      [
        'Pool',
        'event Liquidated(address indexed collateral, address indexed debt, uint256 debtToCover, int64 change, bool receives, bytes4[2] marks)',
        [
          { field: 'debtToCover', asset: 'debt' },
          { field: 'change', asset: 'collateral' },
        ],
      ],
      ['Pool', 'event Paused()'],
    ]),
  ];
}

/** A protocol of named contracts and the events of each. */
export function protocolOf(
  name: string,
  network: string,
  contracts: Record<string, readonly Hex[]>,
  events: readonly (readonly [string, string, Protocol['events'][number]['amounts']?])[],
): Protocol {
  return {
    ...{ id: name, name, category: 'dex', status: 'active', owner: 'platform' },
    contracts: Object.entries(contracts).flatMap(([contract, addresses]) =>
      addresses.map((address) => ({ network, name: contract, address: address.toUpperCase().replace('0X', '0x') })),
    ),
    events: events.map(([contract, signature, amounts]) => ({
      ...{ contract, signature },
      ...(amounts !== undefined && { amounts }),
    })),
  };
}

export type LogParts = Pick<LogAppended, 'address' | 'topics' | 'data'>;

/** A log of one of the protocols' events, most often well formed. */
export function logOf(protocols: readonly Protocol[]): fc.Arbitrary<LogParts> {
  const events = protocols.flatMap(({ contracts, events: all }) =>
    all.map(({ contract, signature }) => ({
      signature,
      address: (contracts.find(({ name }) => name === contract)?.address ?? '').toLowerCase() as Hex,
    })),
  );
  return fc
    .constantFrom(...events)
    .chain(({ signature, address }) => encodedOf(signature).map((encoded) => ({ address, ...encoded })))
    .chain((log) =>
      fc.oneof(
        { weight: 12, arbitrary: fc.constant(log) },
        { weight: 1, arbitrary: fc.nat(200).map((bytes) => ({ ...log, data: cut(log.data, bytes) })) },
        { weight: 1, arbitrary: fc.nat(3).map((count) => ({ ...log, topics: log.topics.slice(0, count) })) },
        { weight: 1, arbitrary: fc.constant({ ...log, topics: [...log.topics, ...log.topics].slice(0, 4) }) },
        { weight: 1, arbitrary: fc.constant({ ...log, topics: [id('Unlisted()') as Hex, ...log.topics.slice(1)] }) },
        { weight: 1, arbitrary: fc.constant({ ...log, address: addressOf('a stranger') }) },
      ),
    );
}

/** As the contract would emit it, with random arguments. */
export function encodedOf(signature: string): fc.Arbitrary<{ topics: Hex[]; data: Hex }> {
  const event = findEvent(signature);
  if (event === null || event === undefined) throw new Error(`${signature} is no event`);
  return fc.tuple(...event.inputs.map(randomOf)).map((values) => {
    const indexed = event.inputs.flatMap((input, at) => (input.indexed === true ? [[input, values[at]] as const] : []));
    const plain = event.inputs.flatMap((input, at) => (input.indexed === true ? [] : [[input, values[at]] as const]));
    const coder = AbiCoder.defaultAbiCoder();
    const topics = indexed.map(([input, value]) => coder.encode([input], [value]) as Hex);
    const data = coder.encode(
      plain.map(([input]) => input),
      plain.map(([, value]) => value),
    ) as Hex;
    return { topics: [event.topicHash as Hex, ...topics], data };
  });
}

function randomOf(type: ParamType): fc.Arbitrary<unknown> {
  if (type.arrayChildren !== null) {
    const length = type.arrayLength ?? -1;
    const child = randomOf(type.arrayChildren);
    return length === -1
      ? fc.array(child, { maxLength: 3 })
      : fc.array(child, { minLength: length, maxLength: length });
  }
  const integer = /^(u?)int(\d+)$/.exec(type.type);
  if (integer !== null) {
    const bits = BigInt(integer[2] ?? 256);
    const [min, max] = integer[1] === 'u' ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
    return fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max), fc.bigInt({ min: 0n, max: 100n }));
  }
  if (type.type === 'address') return fc.nat(2).map((name) => addressOf(name));
  if (type.type === 'bool') return fc.boolean();
  if (type.type === 'string') return fc.string({ maxLength: 40 });
  const fixed = /^bytes(\d+)$/.exec(type.type)?.[1];
  const length = fixed === undefined ? { maxLength: 70 } : { minLength: Number(fixed), maxLength: Number(fixed) };
  return fc.uint8Array(length).map((bytes) => (bytes.length === 0 ? '0x' : concat([bytes])));
}

function cut(data: Hex, bytes: number): Hex {
  const left = dataLength(data) === 0 ? 0 : bytes % dataLength(data);
  return data.slice(0, 2 + 2 * left) as Hex;
}

export interface BlockDraft {
  /** Seconds after its parent. */
  readonly after: number;
  readonly txs: readonly {
    readonly sender: number;
    readonly recipient: Hex | null;
    readonly status: 0 | 1 | null;
    readonly logs: readonly LogParts[];
  }[];
}

export function blockDraft(protocols: readonly Protocol[]): fc.Arbitrary<BlockDraft> {
  const recipients = protocols.flatMap(({ contracts }) => contracts.map(({ address }) => address.toLowerCase() as Hex));
  const tx = fc.record({
    sender: fc.nat(5),
    recipient: fc.oneof(fc.constantFrom(...recipients), fc.constant(addressOf('a stranger')), fc.constant(null)),
    status: fc.constantFrom(1, 1, 1, 0, null),
    logs: fc.array(logOf(protocols), { maxLength: 4 }),
  });
  const after = fc.oneof(fc.nat(20), fc.nat(4000), fc.constant(90_000));
  return fc.record({ after, txs: fc.array(tx, { maxLength: 3 }) }) as fc.Arbitrary<BlockDraft>;
}

/** What happens to a chain: so many of its last blocks go, and others come. */
export interface ChainChange {
  readonly retract: number;
  readonly append: readonly BlockDraft[];
}

export function chainChange(protocols: readonly Protocol[]): fc.Arbitrary<ChainChange> {
  return fc.record({ retract: fc.nat(4), append: fc.array(blockDraft(protocols), { maxLength: 4 }) });
}

/** The events of a chain that such changes befall, and the chain that is left. */
export function historyOf(
  network: string,
  changes: readonly ChainChange[],
): { events: ChainEvent[]; canonical: BlockAppended[] } {
  const events: ChainEvent[] = [];
  let canonical: BlockAppended[] = [];
  for (const [salt, { retract, append }] of changes.entries()) {
    const kept = Math.max(0, canonical.length - retract);
    for (const { number, hash, timestamp, txs, logs } of canonical.slice(kept).reverse()) {
      const counts = { txCount: txs.length, logCount: logs.length };
      const retracted: BlockRetracted = {
        kind: 'retracted',
        network,
        seq: events.length + 1,
        number,
        hash,
        timestamp,
        ...counts,
      };
      events.push(retracted);
    }
    canonical = canonical.slice(0, kept);
    for (const draft of append) {
      const block = appendedOf(network, events.length + 1, salt, canonical.at(-1), draft);
      events.push(block);
      canonical.push(block);
    }
  }
  return { events, canonical };
}

function appendedOf(
  network: string,
  seq: number,
  salt: number,
  parent: BlockAppended | undefined,
  { after, txs }: BlockDraft,
): BlockAppended {
  const number = parent === undefined ? 0 : parent.number + 1;
  const timestamp = (parent?.timestamp ?? 1_700_000_000) + after;
  const [block] = buildChain(undefined, 1, () => ({ salt: `${number} ${salt}`, txs: txs.map(() => ({})) }));
  if (block === undefined) throw new Error('no block was built');
  const { hash, gasLimit, gasUsed, baseFeePerGas } = block;
  const ofBlock = block.txs.map(({ from, to: _, ...tx }, index): TxAppended => {
    const draft = txs[index];
    const sender = zeroPadValue(toBeHex((draft?.sender ?? 0) + 1), 20) as Hex;
    return {
      ...tx,
      sender: draft === undefined ? from : sender,
      recipient: draft?.recipient ?? null,
      status: draft?.status ?? null,
    };
  });
  const logs = txs.flatMap((tx, txIndex) => tx.logs.map((log) => ({ txIndex, ...log })));
  return {
    ...{ kind: 'appended', network, seq, number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas },
    txs: ofBlock,
    logs: logs.map((log, index) => ({ index, ...log })),
  };
}

/** Signatures with parameters of any kind, up to three of them indexed; each with a name of its own among so many. */
export function signatures(count: number): fc.Arbitrary<string[]> {
  const bits = fc.integer({ min: 1, max: 32 }).map((bytes) => bytes * 8);
  const integer = fc.tuple(fc.constantFrom('uint', 'int'), bits).map(([kind, size]) => `${kind}${size}`);
  const fixed = fc.integer({ min: 1, max: 32 }).map((bytes) => `bytes${bytes}`);
  const plain = fc.oneof(integer, integer, fixed, fc.constantFrom('address', 'bool', 'bytes', 'string'));
  const type = fc.oneof(
    { weight: 4, arbitrary: plain },
    {
      weight: 1,
      arbitrary: fc.tuple(plain, fc.constantFrom('[]', '[1]', '[3]', '[2][]', '[][2]')).map((parts) => parts.join('')),
    },
  );
  const parameter = fc.record({ type, indexed: fc.boolean(), prefix: fc.constantFrom('amount', 'other') });
  const parameters = fc.array(parameter, { maxLength: 7 }).map((all) => {
    let indexed = 0;
    // ethers encodes what is indexed and does not fit a word as it is, where a contract would hash it.
    const isWord = (of: string): boolean => !/\[|^bytes$|string/.test(of);
    return all.map(({ type: of, indexed: wanted, prefix }, at) => {
      const isIndexed = wanted && isWord(of) && indexed++ < 3;
      return `${of} ${isIndexed ? 'indexed ' : ''}${prefix}${at}`;
    });
  });
  const many = fc.array(parameters, { minLength: count, maxLength: count });
  return many.map((all) => all.map((one, at) => `event Event${at}(${one.join(', ')})`));
}
