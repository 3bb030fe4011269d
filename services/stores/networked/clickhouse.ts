import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { ConfigurationError, describeError } from '../../runtime/errors.ts';
import type { Started } from '../../runtime/modules.ts';
import type { Timeseries } from '../timeseries.ts';
import { createTimeseries, timeseriesSettings } from '../timeseries-clickhouse.ts';
import { timeseriesError } from '../timeseries-errors.ts';

/**
 * ClickHouse at a URL, `http(s)://user:password@host:8123/database`.
 * Throws ConfigurationError for a URL that is none (without showing it: it holds the password), RetryableError while the
 * server cannot be reached.
 */
export async function openNetworkedTimeseries(options: {
  readonly clickhouseUrl: string;
}): Promise<Required<Started<Timeseries>>> {
  const url = URL.parse(options.clickhouseUrl);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ConfigurationError(
      'CLICKHOUSE_URL is not an http(s):// URL: write http://user:password@host:8123/database',
    );
  }
  const client = createClient({
    url,
    application: 'defimon',
    clickhouse_settings: timeseriesSettings,
    request_timeout: 60_000,
    max_open_connections: 10,
    // Errors go to the caller; a second copy on the console would bypass the log.
    log: { level: ClickHouseLogLevel.OFF },
  });
  const result = await client.ping({ select: true });
  if (!result.success) {
    await client.close();
    throw timeseriesError(result.error);
  }
  return {
    part: createTimeseries(client),
    stop: () => client.close(),
    health: async () => {
      const ping = await client.ping({ select: true });
      return ping.success ? { ok: true } : { ok: false, detail: describeError(ping.error) };
    },
  };
}
