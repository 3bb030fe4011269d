import type { Pool } from '../../../catalog/schema/pool.ts';
import type { JsonObject } from '../../emit/yaml.ts';
import { clickhouseReader, hasClickhouse } from '../../stores/clickhouse-reader.ts';

/** Grafana's own plugin for ClickHouse. It comes with none, and takes this one from grafana.com while it starts. */
export const clickhousePlugin = { id: 'grafana-clickhouse-datasource', version: '4.20.0' } as const;

/** What Grafana is told of a ClickHouse in its cluster; nothing where there is none. */
export function clickhouseOf(pool: Pool | undefined): { settings: JsonObject; sources: JsonObject[] } {
  // Stores are in a pool's first namespace.
  const namespace = pool !== undefined && hasClickhouse(pool) ? pool.namespaces[0] : undefined;
  if (namespace === undefined) return { settings: {}, sources: [] };
  const { user, database, secret, variable, service, port } = clickhouseReader;
  return {
    settings: {
      // Without the Secret the other sources are shown all the same.
      envValueFrom: { [variable]: { secretKeyRef: { name: secret, key: 'password', optional: true } } },
    },
    sources: [
      {
        name: 'ClickHouse',
        uid: 'clickhouse',
        type: clickhousePlugin.id,
        access: 'proxy',
        jsonData: {
          version: clickhousePlugin.version,
          host: `${service}.${namespace}`,
          port,
          protocol: 'http',
          username: user,
          defaultDatabase: database,
        },
        secureJsonData: { password: `$${variable}` },
      },
    ],
  };
}
