import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** USER_HZ: the unit of /proc/<pid>/stat on every Linux we run on. */
const ticksPerSecond = 100;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Its own and that of its children that are gone and waited for. */
  readonly cpuSeconds: number;
}

/**
 * CPU seconds, user and system, used so far by a process and all its descendants: what a subject costs together with the
 * stores it started. Needs Linux's /proc; elsewhere it is what this process alone used.
 */
export function cpuSecondsOfTree(root: number): number {
  const all = readProcesses();
  if (all.length === 0) {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }
  const children = Map.groupBy(all, (stat) => stat.parent);
  const sum = (pid: number): number =>
    (children.get(pid) ?? []).reduce((total, { cpuSeconds, pid }) => total + cpuSeconds + sum(pid), 0);
  return sum(root) + (all.find(({ pid }) => pid === root)?.cpuSeconds ?? 0);
}

/** CPU seconds that all processes of this machine together used since it started. */
export function cpuSecondsOfMachine(): number {
  return cpus().reduce((sum, { times }) => sum + (times.user + times.nice + times.sys + times.irq) / 1000, 0);
}

/** Of the line of /proc/<pid>/stat (proc_pid_stat(5)); undefined when it is none. */
export function parseProcessStat(line: string): ProcessStat | undefined {
  // The name stands in parentheses and may hold any character, so fields are counted from the last one.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).map(Number);
  const stat = {
    pid: Number.parseInt(line, 10),
    parent: Number(fields[1]),
    cpuSeconds: ticks.reduce((a, b) => a + b, 0) / ticksPerSecond,
  };
  return ticks.length === 4 && Object.values(stat).every(Number.isFinite) ? stat : undefined;
}

function readProcesses(): ProcessStat[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : []));
  } catch {
    return [];
  }
}

function readProcess(pid: number): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined; // gone since it was listed
  }
}
