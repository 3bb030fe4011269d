import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Anvil, startAnvil } from '../../testing/anvil.ts';
import { readExpectedChain } from '../../testing/expected-chain.ts';
import { fillBlocks } from '../../testing/fill-blocks.ts';
import { createComparison, createPatience, settle } from './comparison.ts';
import { readCsv } from './csv.ts';
import { figuresOf, place, ratio } from './figures.ts';
import { createNode } from './node.ts';
import { createRawChain, MovedError, type RawBlock, type RawTransaction, TooManyError } from './raw-chain.ts';

describe(figuresOf, () => {
  it('counts a transaction as the user operations that it carries, and none that the chain made itself', () => {
    const told = { address: '0x0000000071727de22e5e9d8baf0edac6f37da032', topics: [userOperationEvent], data: '0x' };
    const transactions = [
      transaction({}),
      transaction({ logs: [told, told, { ...told, topics: [] }] }),
      transaction({ logs: [{ ...told, address: '0x01' }] }),
      transaction({ type: 0x6a, logs: [told] }),
      transaction({ type: 0x7e, from: '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001' }),
      transaction({ type: 0x7e }),
    ];
    expect(figuresOf({ blocks: [block({ transactions })], parent: undefined }).userOperations).toBe(5);
  });

  it('has no value where a chain has no such datum', () => {
    const transactions = [transaction({ status: null, price: null, to: null })];
    expect(figuresOf({ blocks: [block({ transactions, gasLimit: 0n })], parent: undefined })).toMatchObject({
      ...{ tps: null, failedTransactions: null, failedShare: null, contractCreations: 1, blockTimeSeconds: null },
      ...{ executionFeesTotal: null, gasPriceP50: null, l1FeeShare: null, baseFeeMin: null, gasUtilisation: null },
    });
  });

  it('tells rates by the mean time between blocks, the parent of the first among them', () => {
    const blocks = [block({ timestamp: 110, transactions: [transaction({})] }), block({ timestamp: 130 })];
    const figures = figuresOf({ blocks, parent: { timestamp: 100 } });
    expect(figures).toMatchObject({
      blockTimeSeconds: 15,
      blockTimeMaxSeconds: 20,
      tps: 1 / 30,
      gasPerSecond: 100 / 15,
    });
  });
});

describe(place, () => {
  it('takes the value at floor(p × n), whatever the size of the values', () => {
    const values = Array.from({ length: 10 }, (_, at) => 2n ** 255n - BigInt(at));
    expect(place(values, [9, 10])).toBe(String(2n ** 255n));
    expect(place(values, [1, 2])).toBe(String(2n ** 255n - 4n));
    expect(place([], [1, 2])).toBeNull();
  });
});

describe(ratio, () => {
  it('divides what no number holds', () => {
    expect(ratio(10n ** 400n, 3n * 10n ** 400n)).toBe(1 / 3);
    expect(ratio(-7n, 2n)).toBe(-3.5);
  });
});

describe(readCsv, () => {
  it('reads quotes, commas and line ends within them, and empty fields', () => {
    expect(readCsv('a,b\r\n"x, ""y""\r\nz",\r\n,2\r\n')).toEqual([
      { a: 'x, "y"\r\nz', b: '' },
      { a: '', b: '2' },
    ]);
  });
});

describe(settle, () => {
  it('tells what differs, once it has lasted', async () => {
    const { figures, differences } = await settle('/path', createPatience(0), async (comparison) => {
      comparison.equal('a', 1.000_000_000_000_01, 1);
      comparison.equal('b', '1', '2');
    });
    expect({ figures, differences }).toEqual({
      figures: 2,
      differences: [{ what: '/path b', said: '"1"', computed: '"2"' }],
    });
  });

  it('takes an answer that cannot be had for a difference', async () => {
    const { differences } = await settle('/path', createPatience(0), () => Promise.reject(new Error('gone')));
    expect(differences).toMatchObject([{ computed: 'gone' }]);
    expect(createComparison('').compared.differences).toEqual([]);
  });
});

describe(createRawChain, () => {
  let anvil: Anvil;
  beforeAll(async () => {
    anvil = await startAnvil({ noMining: true });
    await fillBlocks(anvil, { blocks: 6, txsPerBlock: 30 });
  });
  afterAll(() => anvil.stop());

  it('reads what a reader that asks for each receipt by itself reads', async () => {
    const chain = openChain(100);
    const head = await chain.head();
    const blocks = await chain.branch(0, head);
    const expected = await readExpectedChain(anvil.url, { from: 0 });
    expect(blocks.map(({ hash }) => hash)).toEqual(expected.blocks.map(({ hash }) => hash));
    const transactions = blocks.flatMap((each) => each.transactions);
    expect(transactions.map(({ gasUsed, price }) => [String(gasUsed), String(price)])).toEqual(
      expected.transactions.map(({ gasUsed, effectiveGasPrice }) => [gasUsed, effectiveGasPrice]),
    );
    expect(transactions.flatMap(({ logs }) => logs)).toEqual(
      expected.logs.map(({ address, topics, data }) => ({ address, topics, data })),
    );
    expect(figuresOf({ blocks, parent: undefined }).userOperations).toBeGreaterThan(transactions.length);
  });

  it('finds the first block of a time', async () => {
    const chain = openChain(100);
    const third = await chain.header(3);
    expect((await chain.firstSince(third.timestamp))?.timestamp).toBe(third.timestamp);
    expect(await chain.firstSince(0)).toMatchObject({ number: 0 });
    expect(await chain.firstSince(2 ** 33)).toBeUndefined();
  });

  it('reads the branch that it is asked for after a reorganisation, and says so of one that is gone', async () => {
    const chain = openChain(100);
    const before = await chain.head();
    await chain.branch(0, before);
    await anvil.rpc('anvil_reorg', [2, []]);
    const after = await chain.head();
    expect(after.hash).not.toBe(before.hash);
    expect((await chain.branch(0, after)).at(-1)?.hash).toBe(after.hash);
    await expect(chain.branch(0, before)).rejects.toThrow(MovedError);
  });

  it('reads no more blocks than it may', async () => {
    const chain = openChain(2);
    await expect(chain.branch(0, await chain.head())).rejects.toThrow(TooManyError);
  });

  function openChain(blocksMax: number) {
    const node = createNode({ url: anvil.url, requestsPerSecond: 5_000 });
    return createRawChain({ node, blocksMax, atOnce: 2 });
  }
});

const userOperationEvent = '0x49628fd1471006c1482da88028e9ce4dbb080b815c9b0344d39e5a8e6ec1419f';

function transaction(parts: Partial<RawTransaction>): RawTransaction {
  return { type: 2, from: '0x02', to: '0x03', status: 1, gasUsed: 21_000n, price: 1n, l1Fee: null, logs: [], ...parts };
}

function block(parts: Partial<RawBlock>): RawBlock {
  const names = { number: 1, hash: '0x01', parentHash: '0x00', timestamp: 1 };
  return { ...names, gasUsed: 100n, gasLimit: 200n, baseFee: null, transactions: [], ...parts };
}
