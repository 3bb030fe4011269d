import { assert, integer, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startAnvil } from '../testing/anvil.ts';
import { entryPoint } from '../testing/entry-point/entry-point.ts';
import { playground, playgroundAddress } from '../testing/playground/playground.ts';
import { type BlockToPlan, blockGasLimit, type PlannedTransaction, planBlock } from './traffic.ts';

describe(planBlock.name, () => {
  it('plans the same for the same block, and something else for the next or another seed', () => {
    const plan = JSON.stringify(planBlock(block()));
    expect(JSON.stringify(planBlock(block()))).toBe(plan);
    expect(JSON.stringify(planBlock(block({ number: 1_001 })))).not.toBe(plan);
    expect(JSON.stringify(planBlock(block({ seed: 2 })))).not.toBe(plan);
  });

  it('mixes all kinds of transactions in all fee types', () => {
    const planned = blocks().flatMap(planBlock);
    expect(new Set(planned.map(({ type }) => type))).toEqual(new Set(['0x0', '0x1', '0x2', '0x3']));
    const names = new Set(planned.map(callName));
    expect(names).toEqual(new Set(['ether', 'creation', 'transfer', 'mint', 'countUp', 'refuse', 'work', 'handleOps']));
    expect(new Set(planned.map(({ from }) => from))).toEqual(new Set(accounts));
  });

  it('plans blobs that a node accepts', async () => {
    await using anvil = await startAnvil({ noMining: true });
    const [from] = await anvil.rpc<string[]>('eth_accounts');
    const blob = planBlock(block({ number: 100 })).find(({ type }) => type === '0x3');
    const hash = await anvil.rpc('eth_sendTransaction', [{ ...blob, from }]);
    await anvil.rpc('evm_mine');
    const receipt = await anvil.rpc('eth_getTransactionReceipt', [hash]);
    expect(receipt).toMatchObject({ type: '0x3', status: '0x1', blobGasUsed: '0x20000' });
  });

  it('sends a few transactions a block, and sometimes none', () => {
    const counts = blocks().map((each) => planBlock(each).length);
    expect(Math.min(...counts)).toBe(0);
    expect(Math.max(...counts)).toBeLessThan(7);
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    expect(mean).toBeGreaterThan(2);
    expect(mean).toBeLessThan(3);
  });

  it('begins every block of an OP chain with a deposit that tells of layer 1, each with a hash of its own', () => {
    const firsts = blocks({ optimism: true }).map((each) => planBlock(each)[0]);
    expect(firsts.every((first) => first?.type === '0x7e' && first.from === depositors[0])).toBe(true);
    expect(new Set(firsts.map((first) => first?.sourceHash)).size).toBe(firsts.length);
    const types = new Set(blocks({ optimism: true }).flatMap((each) => planBlock(each).map(({ type }) => type)));
    expect(types).toEqual(new Set(['0x7e', '0x0', '0x1', '0x2']));
  });

  it('deploys the contract first where it is missing, and gives everybody some of the token', () => {
    const planned = planBlock(block({ hasContract: false }));
    expect(new Set(planned.map(({ from }) => from))).toEqual(new Set([accounts[0]]));
    expect(planned.slice(1).map(callName)).toEqual(accounts.map(() => 'mint'));
  });

  it('never asks for more gas than a block has, whatever the base fee', () => {
    assert(
      property(integer({ min: 1 }), integer({ min: 0, max: 2 ** 40 }), nat(2 ** 32 - 1), (number, baseFee, seed) => {
        for (const optimism of [false, true]) {
          const planned = planBlock(block({ number, seed, optimism, baseFeePerGas: BigInt(baseFee) }));
          const gas = planned.reduce((sum, transaction) => sum + Number(transaction.gas), 0);
          expect(gas).toBeLessThanOrEqual(blockGasLimit);
        }
      }),
    );
  });

  it('asks for less gas the higher the base fee is', () => {
    const gasAt = (baseFeePerGas: bigint) =>
      blocks({ baseFeePerGas })
        .flatMap(planBlock)
        .reduce((sum, { gas }) => sum + Number(gas), 0);
    expect(gasAt(16_000_000_000n)).toBeLessThan(gasAt(8_000_000_000n) * 0.8);
    expect(gasAt(4_000_000_000n)).toBeGreaterThan(gasAt(8_000_000_000n) * 1.1);
  });
});

function callName({ to, data }: PlannedTransaction): string {
  if (to === undefined) return 'creation';
  if (data === undefined) return 'ether';
  const called = to === playgroundAddress ? playground : entryPoint;
  return called.parseTransaction({ data: String(data) })?.name ?? 'unknown';
}

const accounts = Array.from({ length: 10 }, (_, index) => `0x${String(index).repeat(40)}`);
const depositors = [`0x${'d'.repeat(40)}`, `0x${'e'.repeat(40)}`] as const;

function blocks(changes: Partial<BlockToPlan> = {}): BlockToPlan[] {
  return Array.from({ length: 400 }, (_, index) => block({ number: 1_000 + index, ...changes }));
}

function block(changes: Partial<BlockToPlan> = {}): BlockToPlan {
  return {
    seed: 1,
    number: 1_000,
    timestampSeconds: 1_800_000_000,
    optimism: false,
    accounts,
    depositors,
    baseFeePerGas: 8_000_000_000n,
    hasContract: true,
    ...changes,
  };
}
