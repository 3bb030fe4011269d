/** What is asked of the machines by one kind of process or store, all its replicas together. */
export interface Need {
  readonly what: string;
  readonly replicas: number;
  /** Cores that are busy in the mean, of all replicas: measured work, without headroom. */
  readonly cores: number;
  readonly memoryGiB: number;
  /** Of all replicas. */
  readonly diskGB: number;
}

/** What is used of anything in the mean at most: the rest is for peaks, catching up, and the loss of a replica. */
export const targetUtilisation = 0.6;

/** Of a disk, what is filled at most: PostgreSQL's rows that went take room until they are written over, and ClickHouse merges into new files. */
export const diskShareMax = 0.8;

/** So many servers that each is busy for no more than the target. */
export function serversFor(load: number, capacityOfOne = 1): number {
  return Math.max(1, Math.ceil(load / (capacityOfOne * targetUtilisation) - 1e-9));
}

export function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}

export const secondsPerDay = 86_400;
