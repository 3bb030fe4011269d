import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';
import type { Check } from './check.ts';
import { AnswerError, getAnswer } from './get-answer.ts';

/** Where an answer is found, and what it must look like. */
export interface Endpoint<T> {
  /** Relative to the page's /admin/api/. */
  readonly path: string;
  readonly check: Check<T>;
  /** How often it is asked for again while the page is open; undefined: once, and when the page comes back into view. */
  readonly everyMs?: number;
}

/**
 * The answer of an endpoint, asked for again at its pace. While a new address is being asked, the answer before is kept, and what
 * it is of is told by `isPlaceholderData`. A failure keeps the last answer and says so: `error`, and `dataUpdatedAt` of what is shown.
 */
export function useAnswer<T>(
  { path, check, everyMs }: Endpoint<T>,
  options: { enabled?: boolean } = {},
): UseQueryResult<T> {
  return useQuery({
    queryKey: [path],
    queryFn: ({ signal }) => getAnswer(path, check, signal),
    refetchInterval: everyMs ?? false,
    placeholderData: keepPreviousData,
    enabled: options.enabled ?? true,
    // Who asks wrongly is not asked again; a service that is away may be back soon, and the next turn asks anyway.
    retry: (count, error) =>
      count < 2 && (!(error instanceof AnswerError) || error.status === 0 || error.status >= 500),
    retryDelay: (count) => Math.min(1_000 * 2 ** count, 8_000),
    staleTime: 1_000,
  });
}

/** A query string of those parameters that have a value. */
export function queryOf(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string | number] => entry[1] !== undefined,
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
