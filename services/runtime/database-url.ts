/** As of `sslmode` in DATABASE_URL: what encrypts without no-verify also checks. */
export const sslModes = ['disable', 'require', 'verify-full', 'no-verify'];

/** What DB_HOST and the other variables of its family say. */
export interface DatabaseParts {
  host?: string;
  port?: number;
  name?: string;
  user?: string;
  password?: string;
  sslMode?: string;
  sslRootCert?: string;
}

/** The address that DATABASE_URL would be, with everything in it escaped; undefined if nothing is said, or not enough: then `problems` say what. */
export function databaseUrlOf(parts: DatabaseParts, problems: string[]): string | undefined {
  const { host, port = 5432, name, user, password, sslMode, sslRootCert } = parts;
  if (Object.keys(parts).length === 0) return undefined;
  const missing = Object.entries({ DB_HOST: host, DB_NAME: name, DB_USER: user }).filter(
    ([, value]) => value === undefined,
  );
  if (missing.length > 0) {
    problems.push(`${missing.map(([key]) => key).join(', ')}: not set, but other DB_ variables are`);
    return undefined;
  }
  const at = host?.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  if (!URL.canParse(`postgres://${at}`)) {
    problems.push(`DB_HOST=${JSON.stringify(host)}: must be the name or the address of a host`);
    return undefined;
  }
  const url = new URL(`postgres://${at}:${port}/${encodeURIComponent(name ?? '')}`);
  url.username = encodeURIComponent(user ?? '');
  url.password = encodeURIComponent(password ?? '');
  // DigitalOcean's managed servers take no connection in clear, and their authority is one of the account's own.
  const usual = !host?.endsWith('.ondigitalocean.com')
    ? undefined
    : sslRootCert === undefined
      ? 'no-verify'
      : 'verify-full';
  const mode = sslMode ?? usual;
  if (mode !== undefined) url.searchParams.set('sslmode', mode);
  if (sslRootCert !== undefined) url.searchParams.set('sslrootcert', sslRootCert);
  return url.href;
}
