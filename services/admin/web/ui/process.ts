import type { ProcessesAnswer } from '../../../contracts/admin-answers.ts';

export type Process = ProcessesAnswer['processes'][number];

/** What a process is called: what it runs. */
export function nameOf({ address, status }: Process): string {
  if (status === null) return address;
  const { service, shard, targets } = status;
  const [first = address, ...others] = targets;
  const name = service ?? (others.length < 2 ? targets.join(', ') : `${first} and ${others.length} more`);
  return shard === null ? name : `${name} ${shard}`;
}
