import type pg from 'pg';
import { describeError } from '../runtime/errors.ts';
import type { Health, Started } from '../runtime/modules.ts';
import type { PoolUse } from '../runtime/watch-store.ts';
import { answerInTime } from './answer-in-time.ts';
import type { Relational } from './relational.ts';
import { relationalError } from './relational-errors.ts';
import { createPool, createRelational } from './relational-pg.ts';

/** A relational store over a pool which was seen to work. `stop` waits for the queries in hand. */
export async function openPool(
  config: pg.PoolConfig,
): Promise<Required<Started<Relational>> & { connections(): PoolUse }> {
  const pool = createPool(config);
  const stopped = new AbortController();
  try {
    await pool.query('SELECT 1');
  } catch (error) {
    await pool.end();
    throw relationalError(error);
  }
  return {
    part: createRelational(pool, stopped.signal),
    stop: async () => {
      stopped.abort();
      await pool.end();
    },
    health: () => healthOf(pool),
    connections: () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
  };
}

function healthOf(pool: pg.Pool): Promise<Health> {
  return answerInTime(
    'PostgreSQL',
    async () => {
      try {
        await pool.query('SELECT 1');
        return { ok: true };
      } catch (error) {
        return { ok: false, detail: describeError(relationalError(error)) };
      }
    },
    () => `${pool.waitingCount} callers wait`,
  );
}
