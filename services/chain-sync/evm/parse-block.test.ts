import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadAnswer } from './bad-answer.ts';
import { parseBlock, parseHeader } from './parse-block.ts';

describe(parseBlock, () => {
  test('joins a block with its receipts', () => {
    const block = parse(rawBlock(), rawReceipts());
    expect(block).toMatchObject({
      number: 16,
      hash: hashes.block,
      parentHash: hashes.parent,
      timestamp: 0x65000000,
      baseFeePerGas: '7',
      sizeBytes: 700,
    });
    expect(block.txs).toHaveLength(2);
    expect(block.txs[0]).toMatchObject({
      index: 0,
      hash: hashes.tx0,
      type: 2,
      from: address,
      to: address,
      value: '1000000000000000000',
      nonce: '5',
      method: '0xa9059cbb',
      inputBytes: 6,
      status: 1,
      gasUsed: '21000',
      logCount: 2,
      extra: null,
    });
    expect(block.txs[1]).toMatchObject({
      index: 1,
      to: null,
      method: null,
      inputBytes: 0,
      contractAddress: address,
      logCount: 1,
    });
    expect(block.logs.map(({ index, txIndex }) => [index, txIndex])).toEqual([
      [0, 0],
      [1, 0],
      [2, 1],
    ]);
    expect(block.extra).toBeNull();
  });

  test.each<readonly [string, (block: Raw, receipts: Raw[]) => unknown, RegExp]>([
    ['another height', (b) => (b.number = '0x11'), /asked for block 16, got block 17/],
    ['no hash', (b) => delete b.hash, /block.hash is not 32 bytes/],
    ['a hash that is too short', (b) => (b.hash = '0x12'), /block.hash/],
    ['a parent hash that is no hex', (b) => (b.parentHash = `0x${'z'.repeat(64)}`), /block.parentHash/],
    ['a height that is a number', (b) => (b.number = 16), /block.number is not a quantity: 16/],
    ['a time in milliseconds', (b) => (b.timestamp = `0x${(1_700_000_000_000).toString(16)}`), /not Unix seconds/],
    ['a size that no column holds', (b) => (b.size = '0xffffffff'), /block.size is too large/],
    ['an L1 height of 256 bits', (b) => (b.l1BlockNumber = `0x${'f'.repeat(64)}`), /l1BlockNumber is too large/],
    [
      'hashes in place of transactions',
      (b) => (b.transactions = [hashes.tx0, hashes.tx1]),
      /transaction is string, not an object/,
    ],
    ['transactions that are no array', (b) => (b.transactions = {}), /transactions of block 16 is not an array/],
    ['a receipt too few', (_, r) => r.pop(), /2 transactions, but 1 receipts/],
    ['a receipt too many', (_, r) => r.push(r[0] as Raw), /2 transactions, but 3 receipts/],
    ['receipts in another order', (_, r) => r.reverse(), /receipt 0 of block 16 is of another transaction/],
    ['a receipt of another block', (_, r) => (at(r, 1).blockHash = hashes.parent), /receipt of .* is of another block/],
    [
      'a transaction of another block',
      (b) => (at(b.transactions as Raw[], 0).blockHash = hashes.parent),
      /transaction .* is of another block/,
    ],
    ['a null receipt', (_, r) => r.splice(0, 1, null as unknown as Raw), /receipt is null/],
    ['a status of 2', (_, r) => (at(r, 0).status = '0x2'), /status is 0 or 1/],
    ['a type of two bytes', (b) => (at(b.transactions as Raw[], 0).type = '0x100'), /type is one byte/],
    [
      'a value above 256 bits',
      (b) => (at(b.transactions as Raw[], 0).value = `0x1${'0'.repeat(64)}`),
      /value is not a quantity/,
    ],
    ['a negative value', (b) => (at(b.transactions as Raw[], 0).value = '-0x1'), /value is not a quantity/],
    [
      'a sender of 19 bytes',
      (b) => (at(b.transactions as Raw[], 0).from = `0x${'1'.repeat(38)}`),
      /from is not 20 bytes/,
    ],
    ['input of half a byte', (b) => (at(b.transactions as Raw[], 0).input = '0xabc'), /input is not any bytes/],
    ['logs that are no array', (_, r) => (at(r, 0).logs = null), /receipt.logs is not an array/],
    ['five topics', (_, r) => (at(at(r, 0).logs as Raw[], 0).topics = Array(5).fill(hashes.tx0)), /5 topics/],
    [
      'a topic that is too short',
      (_, r) => (at(at(r, 0).logs as Raw[], 0).topics = ['0x12']),
      /topics is not 32 bytes/,
    ],
    [
      'a block that lost its transactions and their receipts',
      (b, r) => Object.assign(b, { transactions: r.splice(0).slice(2) }),
      /receipts say 0/,
    ],
    ['gas that the receipts do not account for', (b) => (b.gasUsed = '0x1'), /used 1 gas, but its 2 receipts say/],
    ['no gas used', (_, r) => delete at(r, 0).gasUsed, /receipt.gasUsed is not a quantity: undefined/],
  ])('refuses %s', (_, spoil, message) => {
    const [block, receipts] = [rawBlock(), rawReceipts()];
    spoil(block, receipts);
    expect(() => parse(block, receipts)).toThrow(BadAnswer);
    expect(() => parse(block, receipts)).toThrow(message);
  });

  test.each([null, undefined, 7, 'x', [], {}])('refuses %j for a block or its receipts', (odd) => {
    expect(() => parseBlock(16, odd, rawReceipts(), true)).toThrow(BadAnswer);
    expect(() => parseBlock(16, rawBlock(), odd, true)).toThrow(BadAnswer);
  });

  test('takes gas that does not add up where the chain counts it otherwise', () => {
    const block = rawBlock();
    block.gasUsed = '0x1';
    expect(parseBlock(16, block, rawReceipts(), false).gasUsed).toBe('1');
  });

  test.each([
    ['OP deposit', '0x7e', 126],
    ['Arbitrum internal', '0x6a', 106],
    ['zkSync', '0x71', 113],
    ['zkSync protocol upgrade', '0xfe', 254],
    ['Celo', '0x7b', 123],
    ['not told, before EIP-2718', undefined, 0],
    ['not yet invented', '0x42', 66],
  ])('keeps the transaction type: %s', (_, type, expected) => {
    const block = rawBlock();
    at(block.transactions as Raw[], 0).type = type;
    expect(parse(block, rawReceipts()).txs[0]?.type).toBe(expected);
  });

  test('keeps what layer 2 chains add: fees and heights as columns, the rest as it came', () => {
    const [block, receipts] = [rawBlock(), rawReceipts()];
    Object.assign(block, { l1BlockNumber: '0x1234', sendRoot: '0xab', sendCount: '0x5', l1BatchNumber: null });
    Object.assign(at(block.transactions as Raw[], 0), { sourceHash: '0xcd', mint: '0x1', isSystemTx: false });
    Object.assign(at(receipts, 0), {
      l1Fee: '0xff',
      l1GasUsed: '0x10',
      l1GasPrice: '0x2',
      l1FeeScalar: '0.684',
      depositNonce: '0x9',
      gasUsedForL1: '0x3',
      l1BlockNumber: '0x77',
    });
    const parsed = parse(block, receipts);
    expect(parsed.l1BlockNumber).toBe('4660');
    expect(parsed.extra).toEqual({ sendRoot: '0xab', sendCount: '0x5' });
    expect(parsed.txs[0]).toMatchObject({
      l1Fee: '255',
      l1GasUsed: '16',
      l1GasPrice: '2',
      gasUsedForL1: '3',
      l1BlockNumber: '119',
      extra: { sourceHash: '0xcd', mint: '0x1', isSystemTx: false, l1FeeScalar: '0.684', depositNonce: '0x9' },
    });
    expect(parsed.txs[1]).toMatchObject({ l1Fee: null, extra: null });
  });

  test('writes hex in lower case, and takes the status before EIP-658 for unknown', () => {
    const [block, receipts] = [rawBlock(), rawReceipts()];
    at(block.transactions as Raw[], 0).from = `0x${'AbCd'.repeat(10)}`;
    delete at(receipts, 0).status;
    at(receipts, 0).root = hashes.parent;
    const [tx] = parse(block, receipts).txs;
    expect(tx).toMatchObject({ from: `0x${'abcd'.repeat(10)}`, status: null, extra: { root: hashes.parent } });
  });

  test('keeps every quantity up to 256 bits exactly, padded with zeros or not', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), fc.nat(4), (value, zeros) => {
        const hex = value.toString(16);
        const block = rawBlock();
        at(block.transactions as Raw[], 0).value = `0x${hex.padStart(Math.min(64, hex.length + zeros), '0')}`;
        expect(parse(block, rawReceipts()).txs[0]?.value).toBe(value.toString());
      }),
    );
  });

  test('gives a block or a BadAnswer for any answer, nothing else', () => {
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), ([where, index, key], value) => {
        const [block, receipts] = [rawBlock(), rawReceipts()];
        const target = where === 'block' ? block : at(where === 'tx' ? (block.transactions as Raw[]) : receipts, index);
        target[key] = value;
        try {
          parse(block, receipts);
        } catch (error) {
          expect(error).toBeInstanceOf(BadAnswer);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe(parseHeader, () => {
  test.each([null, undefined, [], 'x', { number: '0x1' }])('refuses %j', (odd) => {
    expect(() => parseHeader(odd)).toThrow(BadAnswer);
  });
});

type Raw = Record<string, unknown>;

const hashes = { block: hashOf('b'), parent: hashOf('a'), tx0: hashOf('1'), tx1: hashOf('2') };
const address = `0x${'1'.repeat(40)}`;
const paths: readonly (readonly ['block' | 'tx' | 'receipt', number, string])[] = [
  ...Object.keys(rawBlock()).map((key) => ['block', 0, key] as const),
  ...Object.keys(at(rawBlock().transactions as Raw[], 0)).map((key) => ['tx', 0, key] as const),
  ...Object.keys(at(rawReceipts(), 0)).map((key) => ['receipt', 0, key] as const),
];

function parse(block: Raw, receipts: readonly Raw[]) {
  return parseBlock(16, block, receipts, true);
}

function rawBlock(): Raw {
  return {
    number: '0x10',
    hash: hashes.block,
    parentHash: hashes.parent,
    timestamp: '0x65000000',
    miner: address,
    gasLimit: '0x1c9c380',
    gasUsed: '0xa410',
    baseFeePerGas: '0x7',
    size: '0x2bc',
    logsBloom: `0x${'0'.repeat(512)}`,
    transactions: [
      { ...rawTx(hashes.tx0), to: address, value: '0xde0b6b3a7640000', input: '0xa9059cbb0102' },
      { ...rawTx(hashes.tx1), to: null, value: '0x0', input: '0x' },
    ],
  };
}

function rawTx(hash: string): Raw {
  return {
    hash,
    blockHash: hashes.block,
    blockNumber: '0x10',
    type: '0x2',
    from: address,
    nonce: '0x5',
    gas: '0x5208',
    gasPrice: '0x8',
  };
}

function rawReceipts(): Raw[] {
  const log = { address, topics: [hashes.tx0], data: '0x', logIndex: '0x0' };
  return [
    { ...rawReceipt(hashes.tx0), logs: [log, log] },
    { ...rawReceipt(hashes.tx1), logs: [log], contractAddress: address },
  ];
}

function rawReceipt(transactionHash: string): Raw {
  return {
    transactionHash,
    blockHash: hashes.block,
    status: '0x1',
    gasUsed: '0x5208',
    cumulativeGasUsed: '0x5208',
    effectiveGasPrice: '0x8',
    contractAddress: null,
  };
}

function hashOf(digit: string): `0x${string}` {
  return `0x${digit.repeat(64)}`;
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`no item ${index}`);
  return item;
}
