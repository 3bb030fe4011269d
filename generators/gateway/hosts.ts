import type { Environment } from '../../catalog/schema/environment.ts';
import type { Pool } from '../../catalog/schema/pool.ts';

/** Where a pool answers: at its own domain where the environment owns it, else at `<pool>.<the environment's domain>`. */
export function hostOf(pool: Pick<Pool, 'id' | 'domain'>, environment: Environment): string {
  return environment.poolDomains === true && pool.domain !== undefined
    ? pool.domain
    : `${pool.id}.${environment.domain}`;
}
