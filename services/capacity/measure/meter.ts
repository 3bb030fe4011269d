import { cpuSecondsOfTree } from '../../bench/cpu-time.ts';

/** CPU time, not time: other programs of the machine lengthen it by little. */
export interface Meter {
  /** One line: milliseconds of CPU of one of `count` things, of this process and of each server. */
  spend(what: string, count: number, work: () => Promise<unknown>): Promise<string>;
}

/** `servers`: process ids by name; what they started counts as theirs. */
export function createMeter(servers: Readonly<Record<string, number>>): Meter {
  const mark = (): readonly (readonly [string, number])[] => {
    const { user, system } = process.cpuUsage();
    const of = Object.entries(servers).map(([name, pid]) => [name, 1000 * cpuSecondsOfTree(pid)] as const);
    return [['here', (user + system) / 1000], ...of];
  };
  return {
    spend: async (what, count, work) => {
      const before = mark();
      await work();
      const spent = mark().map(([name, ms], at) => `${name} ${((ms - (before[at]?.[1] ?? 0)) / count).toFixed(3)}`);
      return `${what.padEnd(64)} ms: ${spent.join(', ')}`;
    },
  };
}
