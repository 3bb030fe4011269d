import { isDeepStrictEqual } from 'node:util';
import type { Platform } from './platform.ts';
import type { Sources } from './sources.ts';

/** One request, and what of its answer tells of the moment or of the process rather than of the data. */
interface Question {
  readonly of: 'analytics' | 'market';
  readonly path: string;
}

/**
 * Fields that no two moments have in common: ages and rates, counts of requests and the like. All else must be equal, byte for
 * byte.
 */
const ofTheMoment = new Set([
  ...[
    'lag',
    'requestId',
    'ageSeconds',
    'updatedAt',
    'since',
    'blocksPerSecond',
    'errorRate',
    'requests',
    'errors',
    'latencyMs',
  ],
  ...['finalitySeconds', 'reorgs', 'endpoints', 'lagSeconds', 'headAgeSeconds', 'syncSpeed'],
]);

/** Everything of the analytics API that tells of chains, page by page. */
export function chainQuestions(networks: readonly string[]): Question[] {
  const paths = networks.flatMap((id) => {
    const network = `/api/v1/l2/networks/${id}`;
    const stats = ['1h', '24h', '7d', 'all'].map((window) => `${network}/stats?window=${window}`);
    return [
      ...[...stats, `${network}/stats?fromBlock=3&toBlock=40`],
      ...[`${network}/blocks?limit=1000`, `${network}/blocks?limit=7`, `${network}/txs?limit=1000`],
      ...[`${network}/blocks/5`, `${network}/blocks/999999999`],
    ];
  });
  return ['/api/v1/l2/networks', ...paths].map((path) => ({ of: 'analytics', path }));
}

/** What both platforms collected in the same seconds; `fromMs` and `toMs` are whole minutes. */
export function marketQuestions({ symbols }: Sources, fromMs: number, toMs: number): Question[] {
  const range = `start_time=${fromMs / 1000}&end_time=${toMs / 1000 - 1}&limit=1000`;
  return symbols.flatMap((symbol) =>
    ['1s', '1m'].map((interval) => ({
      of: 'market' as const,
      path: `/candles/${symbol}?interval=${interval}&${range}`,
    })),
  );
}

/** An answer in a form in which equal data is equal text. */
export async function askFor(platform: Platform, { of, path }: Question): Promise<string> {
  const url = of === 'analytics' ? platform.analyticsUrl : platform.marketUrl;
  const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(30_000) });
  if (response.status >= 500) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return `${response.status} ${JSON.stringify(withoutMoments(await response.json()), undefined, 1)}`;
}

/** The first place at which two platforms answer differently; undefined when they answer alike. */
export async function findDifference(
  [left, right]: readonly [Platform, Platform],
  question: Question,
): Promise<string | undefined> {
  const [one, other] = await Promise.all([askFor(left, question), askFor(right, question)]);
  if (isDeepStrictEqual(one, other)) return undefined;
  const [ones, others] = [one.split('\n'), other.split('\n')];
  const at = ones.findIndex((line, index) => line !== others[index]);
  const around = (lines: readonly string[]): string => lines.slice(Math.max(0, at - 3), at + 2).join('\n    ');
  return `${question.path}\n  ${left.name}:\n    ${around(ones)}\n  ${right.name}:\n    ${around(others)}`;
}

function withoutMoments(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMoments);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !ofTheMoment.has(name));
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutMoments(each)]));
}
