import { describe, expect, it } from 'vitest';
import { answerRows } from './answer-rows.ts';

describe(answerRows, () => {
  it('has a row for every value, whatever the order and the blanks', () => {
    const body = '{"blocks": [{"number": 7, "miner": null}], "next": "abc", "none": [], "extra": {}}';
    expect(answerRows({ path: '/a', status: 200, body }).sort()).toEqual([
      '/a /blocks/0/miner null',
      '/a /blocks/0/number 7',
      '/a /extra {}',
      '/a /next "abc"',
      '/a /none []',
      '/a status 200',
    ]);
  });

  it('leaves out the age of the newest block, and nothing else', () => {
    const rows = answerRows({ path: '/a', status: 200, body: '{"lag":{"blocks":3,"seconds":14},"seconds":5}' });
    expect(rows).toEqual(['/a status 200', '/a /lag/blocks 3', '/a /seconds 5']);
  });

  it('is the status alone where there is no body', () => {
    expect(answerRows({ path: '/a', status: 304, body: '' })).toEqual(['/a status 304']);
  });
});
