import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Children } from '../../runtime/children.ts';
import { readOpenApi } from './document.ts';
import { type ExampleReport, runExamples } from './examples.ts';
import type { Api } from './platform.ts';
import { runSchemathesis, type Schemathesis } from './schemathesis.ts';

/** An API, and what its document's examples gave. */
export interface FuzzSubject {
  readonly api: Api;
  readonly examples: ExampleReport;
}

/** Asks the APIs, side by side, for what the examples of their documents say. */
export function askExamples(apis: readonly Api[]): Promise<FuzzSubject[]> {
  return Promise.all(
    apis.map(async (api) => ({ api, examples: await runExamples(api.url, readOpenApi(api.document)) })),
  );
}

export interface FuzzPlan {
  /** Of all APIs together, at least; unless the time is over before. */
  readonly requests: number;
  readonly limitMs: number;
  readonly seed: number;
  /** Takes what the runs write. */
  readonly folder: string;
  readonly tell: (line: string) => void;
}

export interface FuzzResult {
  readonly api: string;
  readonly operations: number;
  readonly requests: number;
  /** What was found, each with a way to see it again. */
  readonly findings: readonly string[];
}

/** The most that one run asks an operation: so often is looked at the clock and at what is left to do. */
const requestsEachMax = 100;
const requestsEachMin = 5;
/** From so many requests on, the values at the edges of each schema are asked, too; they alone are some hundreds. */
const coverageFrom = 2_000;

/**
 * Asks the APIs that serve a document, in turn and in rounds with another seed each, until enough requests were made or the time is
 * over. Values that the examples led to data with are mixed in. An API with a finding is asked no more.
 */
export async function fuzzApis(
  children: Children,
  schemathesis: Schemathesis,
  asked: readonly FuzzSubject[],
  { requests, limitMs, seed, folder, tell }: FuzzPlan,
): Promise<FuzzResult[]> {
  const endMs = performance.now() + limitMs;
  const leftMs = (): number => endMs - performance.now();
  const subjects = asked.map(prepare);
  const made = (): number => subjects.reduce((sum, subject) => sum + subject.requests, 0);
  const operations = subjects.reduce((sum, subject) => sum + subject.operations, 0);
  for (let round = 0; made() < requests && leftMs() > 0; round++) {
    const open = subjects.filter(({ findings }) => findings.length === 0);
    if (open.length === 0) break;
    const each = Math.ceil((requests - made()) / operations / 2);
    const requestsEach = Math.min(requestsEachMax, Math.max(requestsEachMin, each));
    const phases = [
      ...(round === 0 ? ['examples', ...(requests >= coverageFrom ? ['coverage'] : [])] : []),
      ...['fuzzing', ...(requests >= coverageFrom ? ['stateful'] : [])],
    ];
    for (const subject of open) {
      if (leftMs() <= 0) break;
      const own = join(folder, subject.name);
      mkdirSync(own, { recursive: true });
      const run = await runSchemathesis(children, schemathesis, {
        ...{
          url: subject.url,
          documentUrl: subject.documentUrl,
          folder: own,
          requestsEach,
          phases,
          seed: seed + round,
        },
        ...{ known: subject.known, limitMs: leftMs() },
      });
      subject.requests += run.requests;
      if (run.hasFindings) subject.findings.push(run.text);
      tell(
        `${subject.name}: ${run.requests} requests with seed ${seed + round}, ${run.hasFindings ? 'findings' : 'no finding'}`,
      );
    }
  }
  return subjects.map(({ name, ...subject }) => ({ api: name, ...subject }));
}

function prepare({ api: { name, url, documentUrl, document }, examples: { requests, faults, values } }: FuzzSubject) {
  const operations = readOpenApi(document).operations.length;
  return { name, url, documentUrl, operations, requests, known: values, findings: [...faults] };
}
