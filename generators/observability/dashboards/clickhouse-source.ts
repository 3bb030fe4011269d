import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import type { Pool } from '../../../catalog/schema/pool.ts';
import { metadataOf } from '../../app.ts';
import { monitoringNamespace, secretStore } from '../../conventions.ts';
import { clickhousePlugin } from '../../platform/values/clickhouse-plugin.ts';
import { clickhouseReader } from '../../stores/clickhouse-reader.ts';

/** Chosen at the top of the dashboard, as Prometheus is. */
export const clickhouseSource: DataSourceRef = { type: clickhousePlugin.id, uid: '$clickhouse' };

/** As the plugin reads a statement. The kit that dashboards are built with does not know it. */
interface ClickhouseQuery extends Dataquery {
  readonly datasource: DataSourceRef;
  readonly refId: string;
  readonly editorType: 'sql';
  readonly pluginVersion: string;
  readonly queryType: 'timeseries' | 'table';
  /** 0 for what is drawn over time, 1 for a table. */
  readonly format: 0 | 1;
  readonly rawSql: string;
}

/** One statement to ClickHouse, for a line over time or for a table. */
export function statement(refId: string, queryType: ClickhouseQuery['queryType'], lines: readonly string[]) {
  const query: ClickhouseQuery = {
    datasource: clickhouseSource,
    refId,
    editorType: 'sql',
    pluginVersion: clickhousePlugin.version,
    queryType,
    format: queryType === 'timeseries' ? 0 : 1,
    rawSql: lines.join('\n'),
    _implementsDataqueryVariant() {},
  };
  return { build: () => query } satisfies Builder<Dataquery>;
}

/** The password that Grafana reads ClickHouse with. */
export function renderReaderSecret(pool: Pool): object {
  const { secret, passwordKey } = clickhouseReader;
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: metadataOf({
      name: secret,
      namespace: monitoringNamespace,
      wave: 'secret',
      sources: [`pool/${pool.id}`],
    }),
    spec: {
      refreshInterval: '1h',
      secretStoreRef: { kind: 'ClusterSecretStore', name: secretStore },
      target: { name: secret, creationPolicy: 'Owner', deletionPolicy: 'Retain' },
      data: [{ secretKey: 'password', remoteRef: { key: 'clickhouse', property: passwordKey } }],
    },
  };
}
