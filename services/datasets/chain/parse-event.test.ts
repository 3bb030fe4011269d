import { describe, expect, test } from 'vitest';
import { parseChainEvent } from './parse-event.ts';

const word = `0x${'ab'.repeat(32)}`;
const address = `0x${'cd'.repeat(20)}`;
const most = (2n ** 256n - 1n).toString();

describe(parseChainEvent, () => {
  test('takes what the relay publishes, and passes over what a newer one says beyond it', () => {
    for (const event of [appended(), retracted(), finalized(), { ...finalized(), fromNumber: null }])
      expect(parseChainEvent({ ...event, news: true })).toEqual(event);
  });

  test.each<[string, unknown]>([
    ['the event: null is not an object', null],
    ['kind: "renamed" is not appended, retracted or finalized', { kind: 'renamed' }],
    ['network: "" is not the id of a network', { ...retracted(), network: '' }],
    ['seq: nothing is not a whole number', { ...retracted(), seq: undefined }],
    ['number: 1.5 is not a whole number', { ...retracted(), number: 1.5 }],
    ['number: "1" is not a whole number', { ...finalized(), number: '1' }],
    ['hash: "0xAB" is not 32 bytes', { ...retracted(), hash: '0xAB' }],
    ['timestamp: 4294967296 is not a whole number from 0 to 4294967295', { ...retracted(), timestamp: 2 ** 32 }],
    ['txCount: 1000000000 is not', { ...retracted(), txCount: 1e9 }],
    ['fromNumber: 8 is not at most 1000000 blocks up to 7', { ...finalized(), fromNumber: 8 }],
    ['gasUsed: 5 is not a decimal', { ...appended(), gasUsed: 5 }],
    ['gasLimit: "-1" is not a decimal', { ...appended(), gasLimit: '-1' }],
    ['baseFeePerGas: nothing is not a decimal', { ...appended(), baseFeePerGas: undefined }],
    [`gasUsed: "${(2n ** 256n).toString()}" is not a decimal of 256 bits`, { ...appended(), gasUsed: `${2n ** 256n}` }],
    ['txs: nothing is not a list', { ...appended(), txs: undefined }],
    ['txs[0].index: 1 is not its place, 0', { ...appended(), txs: [{ ...tx(), index: 1 }] }],
    ['txs[0].type: 256 is not a whole number from 0 to 255', { ...appended(), txs: [{ ...tx(), type: 256 }] }],
    ['txs[0].status: 2 is not 0, 1 or null', { ...appended(), txs: [{ ...tx(), status: 2 }] }],
    ['logs[0].topics: 5 is not at most 4', { ...appended(), logs: [{ ...log(), topics: Array(5).fill(word) }] }],
    ['logs[0].data: "0x0" is not bytes', { ...appended(), logs: [{ ...log(), data: '0x0' }] }],
  ])('says %s', (message, value) => {
    expect(() => parseChainEvent(value)).toThrow(message);
  });
});

function appended(): object {
  const quantities = { gasLimit: most, gasUsed: '0', baseFeePerGas: null };
  return { kind: 'appended', ...place(), ...quantities, txs: [tx()], logs: [log()] };
}

function retracted(): object {
  return { kind: 'retracted', ...place(), txCount: 3, logCount: 0 };
}

function finalized(): object {
  return { kind: 'finalized', network: 'net', seq: 1, number: 7, fromNumber: 5, observedAtMs: 1_700_000_000_123 };
}

function place(): object {
  return { network: 'net', seq: 1, number: 7, hash: word, timestamp: 1_700_000_000 };
}

function tx(): object {
  return {
    index: 0,
    hash: word,
    type: 0x7e,
    sender: address,
    recipient: null,
    value: most,
    method: '0xa9059cbb',
    status: null,
    gasUsed: '21000',
    effectiveGasPrice: '7',
    l1Fee: null,
    contractAddress: address,
  };
}

function log(): object {
  return { index: 0, txIndex: 0, address, topics: [word], data: '0x' };
}
