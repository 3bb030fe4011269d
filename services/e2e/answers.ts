import type { Platform } from './platform.ts';
import type { Sources } from './sources.ts';

/** One request, and what its answer must at least be. */
interface Question {
  readonly of: 'analytics' | 'market';
  readonly path: string;
  /** The status, and the list of the answer that must not be empty: that nothing equals nothing proves nothing. */
  readonly status: number;
  readonly list?: string | undefined;
}

/** Fields that no two moments have in common: the age of the newest block, and the id of a request in a problem. All else must be equal. */
const ofTheMoment = new Set(['lag.seconds', 'requestId']);

/** Everything of the analytics API that tells of chains, page by page. */
export function chainQuestions(networks: readonly string[]): Question[] {
  const of = 'analytics';
  const ofNetworks = networks.flatMap((id): Question[] => {
    const network = `/api/v1/l2/networks/${id}`;
    const stats = ['window=1h', 'window=24h', 'window=7d', 'window=all', 'fromBlock=3&toBlock=40'];
    return [
      ...stats.map((query) => ({ of, path: `${network}/stats?${query}`, status: 200 }) as const),
      { of, path: `${network}/blocks?limit=1000`, status: 200, list: 'blocks' },
      { of, path: `${network}/blocks?limit=7`, status: 200, list: 'blocks' },
      { of, path: `${network}/txs?limit=1000`, status: 200, list: 'txs' },
      { of, path: `${network}/blocks/5`, status: 200 },
      { of, path: `${network}/blocks/999999999`, status: 404 },
    ];
  });
  return [{ of, path: '/api/v1/l2/networks', status: 200, list: 'networks' }, ...ofNetworks];
}

/** What both platforms collected in the same seconds; `fromMs` and `toMs` are whole minutes. */
export function marketQuestions({ symbols }: Sources, fromMs: number, toMs: number): Question[] {
  const range = `start_time=${fromMs / 1000}&end_time=${toMs / 1000 - 1}&limit=1000`;
  return symbols.flatMap((symbol) =>
    ['1s', '1m'].map((interval) => ({
      of: 'market' as const,
      path: `/candles/${symbol}?interval=${interval}&${range}`,
      status: 200,
      list: 'candles',
    })),
  );
}

/** An answer in a form in which equal data is equal text. Throws when it says less than it must. */
async function askFor(platform: Platform, { of, path, status, list }: Question): Promise<string> {
  const url = of === 'analytics' ? platform.analyticsUrl : platform.marketUrl;
  const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(30_000) });
  const text = await response.text();
  if (response.status !== status) throw new Error(`${platform.name}: ${path}: ${response.status} ${text}`);
  const answer = JSON.parse(text) as Record<string, unknown>;
  if (list !== undefined && (answer[list] as unknown[]).length === 0)
    throw new Error(`${platform.name}: ${path}: ${list} is empty`);
  return JSON.stringify(withoutMoments(answer), undefined, 1);
}

/** The first place at which two platforms answer differently, or what one of them fails to say; undefined when they answer alike. */
export async function findDifference(
  [left, right]: readonly [Platform, Platform],
  question: Question,
): Promise<string | undefined> {
  let answers: [string, string];
  try {
    answers = await Promise.all([askFor(left, question), askFor(right, question)]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const [one, other] = answers;
  if (one === other) return undefined;
  const [ones, others] = [one.split('\n'), other.split('\n')];
  const at = ones.findIndex((line, index) => line !== others[index]);
  const around = (lines: readonly string[]): string => lines.slice(Math.max(0, at - 3), at + 2).join('\n    ');
  return `${question.path}\n  ${left.name}:\n    ${around(ones)}\n  ${right.name}:\n    ${around(others)}`;
}

function withoutMoments(value: unknown, within = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutMoments(each, within));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([name]) => !ofTheMoment.has(name) && !ofTheMoment.has(`${within}.${name}`),
  );
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutMoments(each, name)]));
}
