import { createHash } from 'node:crypto';
import type pg from 'pg';

/**
 * What PostgreSQL says of a prepared statement that cannot be used, and was not run. It is gone, or there already: a pooler that
 * gives each transaction another connection is in between. Or a column that it gives has another type by now.
 */
const isGone = /^(26000|42P05)$/;
const isOutdated = /cached plan must not change result type/;

/**
 * Runs statements as prepared ones, each parsed and planned once a connection, by the pool's `query`. One that cannot be used is
 * run once more as it is; behind a pooler that loses them nothing is prepared any more.
 */
export function createPreparedQuery(
  query: (config: pg.QueryConfig) => Promise<pg.QueryResult>,
): (config: pg.QueryConfig) => Promise<pg.QueryResult> {
  const names = new Map<string, string>();
  let isLost = false;

  // By its text: to one connection, which a pooler may give to many, a name is one text for ever.
  const nameOf = (text: string): string => {
    let name = names.get(text);
    if (name === undefined) {
      name = createHash('sha256').update(text).digest('base64url').slice(0, 24);
      names.set(text, name);
    }
    return name;
  };

  return async (config) => {
    if (isLost) return query(config);
    try {
      return await query({ ...config, name: nameOf(config.text) });
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string };
      const gone = isGone.test(code ?? '');
      if (!gone && !isOutdated.test(message ?? '')) throw error;
      isLost ||= gone;
      return query(config);
    }
  };
}
