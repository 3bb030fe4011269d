import { renderFilledSecret } from '../external-secret.ts';
import { type StoreContext, storeMetadata } from './store-context.ts';

interface StoreSecretOptions {
  readonly name?: string;
  /** Keys of the Secret by property of the entry: `{ password: 'password' }`. */
  readonly keys: Readonly<Record<string, string>>;
  /** Entry of the secret store; the Secret's name unless given. */
  readonly entry?: string;
  readonly type?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Made from the properties: `{ "config.env": "export USER={{ .username }}" }`. */
  readonly template?: Readonly<Record<string, string>>;
  readonly sources?: readonly string[];
}

/**
 * The Secret of a store, filled from the secret store.
 *
 * A store and its clients meet in one entry: `postgresql` holds `username` and `password`, which the store is given, and
 * `url`, which services are given (environment.yaml: `stores.relational.secretRef: postgresql/url`). Whoever writes the
 * entry writes the three together. The addresses in those URLs, inside the namespace:
 *
 *     postgresql     postgresql://<username>:<password>@postgresql-rw:5432/defimon, username `defimon`
 *     clickhouse     http://<username>:<password>@clickhouse-clickhouse:8123/default; Grafana's in `grafana-password`; that of
 *                    a pool that borrows it in `<pool>-password`, and in that pool's own `clickhouse/url`
 *                    https://<pool>:<password>@clickhouse.<domain of this pool>/default
 *     kafka          brokers `kafka-kafka-bootstrap:9092`; SCRAM user = service id, password in `kafka/<service id>`, which for a
 *                    service of a pool that borrows the bus is written twice: here, and in that pool's own `kafka/<service id>`
 *     redis          redis://:<password>@redis:6379, with several replicas @redis-master:6379
 *     minio          http://<username>:<password>@minio-hl:9000 (entry `objects`)
 *     mlflow         user of bucket `models` as `access-key` and `secret-key`, which minio-buckets makes
 *     mongodb        mongodb://<username>:<password>@mongodb-svc:27017/defimon?replicaSet=mongodb&authSource=admin
 *     elasticsearch  https://<username>:<password>@elasticsearch-es-http:9200, CA in elasticsearch-es-http-certs-public
 */
export function renderStoreSecret(context: StoreContext, options: StoreSecretOptions): object {
  const { name = context.store.engine, keys, type, labels, template, sources = [] } = options;
  const { entry = name } = options;
  const isPlain = type === undefined && labels === undefined && template === undefined;
  return renderFilledSecret(
    storeMetadata(context, { name, wave: 'secret', sources }),
    Object.fromEntries(Object.entries(keys).map(([key, property]) => [key, `${entry}/${property}`])),
    isPlain
      ? undefined
      : {
          engineVersion: 'v2',
          ...(type === undefined ? {} : { type }),
          ...(labels === undefined ? {} : { metadata: { labels } }),
          ...(template === undefined ? {} : { mergePolicy: 'Merge', data: template }),
        },
  );
}

/** The credentials of the bucket that backups go to, beside the stores that write there. */
export function renderBackupSecret(context: StoreContext): object | undefined {
  if (context.destination === undefined) return undefined;
  return renderStoreSecret(context, {
    name: backupSecretOf(context),
    entry: 'backups',
    keys: { 'access-key-id': 'access-key-id', 'secret-access-key': 'secret-access-key' },
  });
}

/** One for each store, since each is an app of its own. */
export function backupSecretOf({ store }: Pick<StoreContext, 'store'>): string {
  return `${store.engine}-backups`;
}

/** A value of a Secret, as an environment variable or a setting. */
export function fromSecret(name: string, key: string) {
  return { valueFrom: { secretKeyRef: { name, key } } };
}
