import type { RunContext, Work } from '../bench.ts';

export interface CountingSettings {
  /** Rows it produces beside the agreed ones. */
  readonly more?: readonly string[];
  /** Fails in `run` with this message. */
  readonly failure?: string;
  /** How many rows it says it did in a run that is timed; else as many as the input says. */
  readonly doneInRun?: number;
  /** Never ends. */
  readonly hang?: boolean;
}

/** A subject for tests of the harness: its rows are the numbers of the input, last first. */
export async function open({ input, settings, verifying }: RunContext): Promise<Work> {
  const count = input as number;
  const { more = [], failure, hang, doneInRun } = settings as CountingSettings;
  return {
    run: async (stopwatch) => {
      stopwatch.begin();
      if (failure !== undefined) throw new Error(failure);
      if (hang === true) await new Promise((resolve) => setTimeout(resolve, 600_000));
      stopwatch.end();
      return verifying ? count : (doneInRun ?? count);
    },
    rows: async () => [...Array.from({ length: count }, (_, at) => String(count - at)), ...more],
    measures: () => ({ 'process id': process.pid }),
    close: async () => undefined,
  };
}
