import type pg from 'pg';
import { ConfigurationError } from '../../runtime/errors.ts';
import type { PoolSettings } from '../../runtime/pool-settings.ts';
import type { Watchable } from '../../runtime/watch-store.ts';
import { openPool } from '../open-pool.ts';
import type { Relational } from '../relational.ts';

/**
 * PostgreSQL at a URL, `postgres://user:password@host:5432/database?sslmode=verify-full`. TLS by `sslmode`: `disable` (also when
 * absent), `verify-full` (also for `prefer`, `require` and `verify-ca`, which the driver checks as strictly), `no-verify`.
 * `sslrootcert` names a file with the authority's certificate; `ca` is such a certificate itself, as PEM, and makes it
 * `verify-full` whatever the URL says.
 * Throws ConfigurationError for a URL that is none (without showing it: it holds the password), RetryableError while the
 * server cannot be reached.
 */
export function openNetworkedPostgres(options: {
  readonly databaseUrl: string;
  readonly ca?: string | undefined;
  readonly pool?: PoolSettings | undefined;
}): Promise<Watchable<Relational>> {
  const url = URL.parse(options.databaseUrl);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) {
    return Promise.reject(
      new ConfigurationError(
        'DATABASE_URL is not a postgres:// URL: write postgres://user:password@host:5432/database',
      ),
    );
  }
  const sslmode = url.searchParams.get('sslmode');
  const isLibpq = url.searchParams.has('uselibpqcompat');
  if (sslmode !== null && /^(prefer|require|verify-ca)$/.test(sslmode) && !isLibpq)
    url.searchParams.set('sslmode', 'verify-full');
  if (options.ca !== undefined) {
    // The driver takes what the URL says of TLS for all there is to say.
    for (const name of ['sslmode', 'sslrootcert', 'ssl']) url.searchParams.delete(name);
  }
  return openPool({
    connectionString: url.href,
    application_name: 'defimon',
    ...(options.ca === undefined ? {} : { ssl: { ca: options.ca, rejectUnauthorized: true } }),
    ...(options.pool === undefined ? { max: 10 } : poolConfigOf(options.pool)),
  });
}

/** The brief's settings (SQLAlchemy's words) in pg-pool's: `min` are not closed when idle, none is opened before it is needed. */
export function poolConfigOf(settings: PoolSettings): pg.PoolConfig {
  const { poolSize, maxOverflow, poolTimeoutSeconds, poolRecycleSeconds } = settings;
  return {
    min: poolSize,
    max: poolSize + maxOverflow,
    connectionTimeoutMillis: poolTimeoutSeconds * 1000,
    maxLifetimeSeconds: poolRecycleSeconds,
  };
}
