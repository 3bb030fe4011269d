import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { ConfigurationError, describeError } from '../../runtime/errors.ts';
import type { Started } from '../../runtime/modules.ts';
import { answerInTime } from '../answer-in-time.ts';
import type { Timeseries } from '../timeseries.ts';
import { createTimeseries, timeseriesSettings } from '../timeseries-clickhouse.ts';
import { timeseriesError } from '../timeseries-errors.ts';

/**
 * ClickHouse at a URL, `http(s)://user:password@host:8123/database`. Asks it nothing yet: who can do without it for a while may
 * start while it is away.
 * Throws ConfigurationError for a URL that is none (without showing it: it holds the password).
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
    // A statement that copies a table is silent for longer than a silent connection is waited for: so it says how far it is.
    clickhouse_settings: {
      ...timeseriesSettings,
      send_progress_in_http_headers: 1,
      http_headers_progress_interval_ms: '30000',
    },
    request_timeout: 60_000,
    max_open_connections: 10,
    // Errors go to the caller; a second copy on the console would bypass the log.
    log: { level: ClickHouseLogLevel.OFF },
  });
  return {
    part: createTimeseries(client),
    stop: () => client.close(),
    health: () =>
      answerInTime('ClickHouse', async (signal) => {
        const ping = await client.ping({ select: true, abort_signal: signal });
        return ping.success ? { ok: true } : { ok: false, detail: describeError(timeseriesError(ping.error)) };
      }),
  };
}
