import { describe, expect, it } from 'vitest';
import { cpuSecondsOfTree, parseProcessStat } from './cpu-time.ts';

describe(parseProcessStat, () => {
  it('adds the time of the process and of the children it waited for', () => {
    const line = '42 (node) S 7 42 42 0 -1 4194304 100 0 0 0 150 50 20 10 20 0 11 0 1234';

    expect(parseProcessStat(line)).toEqual({ pid: 42, parent: 7, cpuSeconds: 2.3 });
  });

  it('reads on after a name with spaces and parentheses', () => {
    const line = '42 (a) b (c) S 7 42 42 0 -1 4194304 100 0 0 0 100 0 0 0 20 0 1 0 1234';

    expect(parseProcessStat(line)).toEqual({ pid: 42, parent: 7, cpuSeconds: 1 });
  });

  it('is undefined for anything else', () => {
    expect(parseProcessStat('')).toBeUndefined();
    expect(parseProcessStat('42 (node) S 7')).toBeUndefined();
  });
});

describe(cpuSecondsOfTree, () => {
  it('grows as this process works', () => {
    const before = cpuSecondsOfTree(process.pid);
    const end = performance.now() + 100;
    while (performance.now() < end);

    expect(cpuSecondsOfTree(process.pid)).toBeGreaterThan(before);
  });
});
