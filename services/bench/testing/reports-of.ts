import type { Bench } from '../bench.ts';
import { type CaseReport, type HarnessOptions, runBench } from '../harness.ts';

/** All reports of a bench, with few and short runs unless told otherwise. */
export async function reportsOf(bench: Bench, some: Partial<HarnessOptions> = {}): Promise<CaseReport[]> {
  const options: HarnessOptions = {
    runs: 1,
    sizes: {},
    cases: undefined,
    subjects: undefined,
    timeoutSeconds: 60,
    log: () => undefined,
    signal: new AbortController().signal,
    ...some,
  };
  const reports: CaseReport[] = [];
  for await (const report of runBench(bench, options)) reports.push(report);
  return reports;
}
