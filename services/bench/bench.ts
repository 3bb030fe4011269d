import type { CaseReport } from './harness.ts';

/** A bench: cases that share what is costly to build, such as a node filled with blocks. */
export interface Bench {
  readonly name: string;
  /** One sentence: what is compared, over what. */
  readonly summary: string;
  /** Options of the command line that set how large the input is, with their defaults: `--blocks 2000`. */
  readonly sizes: Readonly<Record<string, { readonly value: number; readonly meaning: string }>>;
  readonly cases: readonly Case[];
  /** Builds what the cases share. `log` writes a line of progress. */
  open(sizes: Sizes, log: Log): Promise<OpenBench>;
  /** What the cases say together, as lines to print after the last. */
  conclude?(reports: readonly CaseReport[]): string;
}

export type Sizes = Readonly<Record<string, number>>;
export type Log = (line: string) => void;

/** Several subjects doing the same work over the same input. */
export interface Case {
  readonly name: string;
  readonly summary: string;
  /** What a run counts, in plural: `blocks` gives the unit `blocks/s`. */
  readonly things: string;
  /** CPU seconds are given per so many things. */
  readonly cpuPer: number;
  /** A run lasts a time, and counts what was done in it; else every subject must do as many things. */
  readonly forTime?: boolean;
  readonly subjects: readonly Subject[];
  /** Subjects of other cases that this one is too much for. */
  readonly leftOut?: readonly { readonly subject: string; readonly reason: string }[];
}

export interface Subject {
  readonly name: string;
  readonly summary: string;
  /** At most one subject of a case is ours, and one is the limit: what the ratios of all the others refer to. */
  readonly role: 'ours' | 'limit' | 'peer';
  /** A file that exports `open: OpenWork`, run in a process of its own. */
  readonly module: URL;
  /** Handed to `open`, so that one file can serve several subjects. JSON. */
  readonly settings?: unknown;
  /** A folder of `peers/` with dependencies of its own, installed on first use. */
  readonly peer?: string;
}

interface OpenBench {
  inputOf(caseName: string): Promise<CaseInput>;
  close(): Promise<void>;
}

export interface CaseInput {
  /** What every subject's `open` gets. JSON, as it crosses a process boundary. */
  readonly input: unknown;
  /** Processes that serve the subjects (name to pid): their CPU time is shown beside, as it often is what bounds a run. */
  readonly servers?: Readonly<Record<string, number>>;
}

/** The start of a run: connects, migrates, starts stores; none of it is timed. */
export type OpenWork = (context: RunContext) => Promise<Work>;

export interface RunContext {
  readonly input: unknown;
  readonly settings: unknown;
  /** An empty folder of this run, removed after it. */
  readonly directory: string;
  /** In a run that verifies, `rows` will be called; in one that is timed, results need not be kept for it. */
  readonly verifying: boolean;
}

export interface Work {
  /**
   * The work that is timed; answers how many things it did. The stopwatch runs from the call to its end, unless the
   * work moves its marks (a subject that is a whole program starts up first).
   */
  run(stopwatch: Stopwatch): Promise<number>;
  /** What the work produced, a line a row in the form agreed for the case, in any order. */
  rows(): Promise<readonly string[]>;
  /** Further figures of this run, by unit: `p99 ms`. */
  measures?(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

export interface Stopwatch {
  begin(): void;
  end(): void;
}
