import { ConfigurationError } from '../../runtime/errors.ts';
import type { Started } from '../../runtime/modules.ts';
import { openPool } from '../open-pool.ts';
import type { Relational } from '../relational.ts';

/**
 * PostgreSQL at a URL, `postgres://user:password@host:5432/database?sslmode=verify-full`. TLS by `sslmode`: `disable` (also when
 * absent), `verify-full` (also for `prefer`, `require` and `verify-ca`, which the driver checks as strictly), `no-verify`.
 * `sslrootcert` names a file with the authority's certificate.
 * Throws ConfigurationError for a URL that is none (without showing it: it holds the password), RetryableError while the
 * server cannot be reached.
 */
export function openNetworkedPostgres(options: {
  readonly databaseUrl: string;
  readonly poolSize?: number;
}): Promise<Required<Started<Relational>>> {
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
  return openPool({ connectionString: url.href, application_name: 'defimon', max: options.poolSize ?? 10 });
}
