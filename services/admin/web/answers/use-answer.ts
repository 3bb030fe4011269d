import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useIsPast } from '../ui/clock.ts';
import type { Check } from './check.ts';
import { AnswerError, getAnswer } from './get-answer.ts';

/** Where an answer is found, and what it must look like. */
export interface Endpoint<T> {
  /** Relative to the page's /admin/api/. */
  readonly path: string;
  readonly check: Check<T>;
  /** How often it is asked for again while the page is in view. */
  readonly everyMs: number;
}

/** What is known of an endpoint. */
export interface Answer<T> {
  /** The last answer. */
  readonly data: T | undefined;
  /** When it came, Unix milliseconds. */
  readonly dataUpdatedAt: number;
  /** Why it could not be had the last time. */
  readonly error: Error | null;
  /** Neither an answer nor an error has come yet. */
  readonly isPending: boolean;
  /** The answer is that of the address before: what is asked for now has yet to come. */
  readonly isPlaceholderData: boolean;
  /** The answer could not be had again when it should have been: it failed, or has been awaited for too long. */
  readonly isOld: boolean;
  readonly refetch: () => unknown;
}

/** How much later than at its pace an answer may come before the one that is shown counts as old. */
const lateMs = 12_000;

/** The answer of an endpoint, asked for again at its pace while the page is in view. What is kept of before is told to be so. */
export function useAnswer<T>({ path, check, everyMs }: Endpoint<T>): Answer<T> {
  const { data, dataUpdatedAt, error, isPending, isPlaceholderData, refetch } = useQuery({
    queryKey: [path],
    queryFn: ({ signal }) => getAnswer(path, check, signal),
    refetchInterval: everyMs,
    placeholderData: keepPreviousData,
    // Who asks wrongly is not asked again; a service that is away may be back soon, and the next turn asks anyway.
    retry: (count, error) =>
      count < 2 && (!(error instanceof AnswerError) || error.status === 0 || error.status >= 500),
    retryDelay: (count) => Math.min(1_000 * 2 ** count, 8_000),
    staleTime: 1_000,
    // The dashboard of a laptop is there without the internet too.
    networkMode: 'always',
  });
  const isLate = useIsPast(dataUpdatedAt + everyMs + lateMs);
  const isOld = data !== undefined && !isPlaceholderData && (error !== null || isLate);
  return { data, dataUpdatedAt, error, isPending, isPlaceholderData, isOld, refetch };
}

/** A query string of those parameters that have a value. */
export function queryOf(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string | number] => entry[1] !== undefined,
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
