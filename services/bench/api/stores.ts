import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { createChildren } from '../../runtime/children.ts';
import { startPostgresServer } from '../../stores/embedded/postgres-server.ts';
import { migrateDataset } from '../../stores/migrate.ts';
import { openNetworkedTimeseries } from '../../stores/networked/clickhouse.ts';
import { openNetworkedPostgres } from '../../stores/networked/postgres.ts';
import type { Relational } from '../../stores/relational.ts';
import type { Timeseries } from '../../stores/timeseries.ts';

export interface ApiStores {
  readonly databaseUrl: string;
  readonly clickhouseUrl: string;
  readonly servers: Readonly<Record<string, number>>;
  readonly relational: Relational;
  readonly timeseries: Timeseries;
  close(): Promise<void>;
}

const chdbHttp = fileURLToPath(new URL('../../stores/testing/chdb-http.ts', import.meta.url));
const tables = fileURLToPath(new URL('../../datasets/chain', import.meta.url));

/** PostgreSQL over TCP and chDB behind ClickHouse's HTTP interface, each a process of its own, with the tables of the chains. */
export async function openApiStores(folder: string): Promise<ApiStores> {
  const log = pino({ level: 'silent' });
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).reverse()) await each();
  };
  try {
    const children = createChildren({ log });
    closers.push(() => children.close());
    const postgres = await startPostgresServer({ folder: join(folder, 'postgres'), children, log, listen: 'tcp' });
    closers.push(() => postgres.stop());
    const { user, password, host, port, database } = postgres.connection;
    const databaseUrl = `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;

    const clickhouse = spawn(process.execPath, [chdbHttp, join(folder, 'clickhouse')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const exited = once(clickhouse, 'exit');
    closers.push(async () => {
      clickhouse.kill();
      await exited;
    });
    const [clickhouseUrl] = (await once(createInterface({ input: clickhouse.stdout }), 'line')) as [string];

    const relational = await openNetworkedPostgres({ databaseUrl });
    closers.push(() => relational.stop());
    const timeseries = await openNetworkedTimeseries({ clickhouseUrl });
    closers.push(() => timeseries.stop());
    await migrateDataset({ relational: relational.part, timeseries: timeseries.part }, 'chain', tables);
    return {
      databaseUrl,
      clickhouseUrl,
      servers: { PostgreSQL: postgres.pid, ClickHouse: clickhouse.pid ?? 0 },
      relational: relational.part,
      timeseries: timeseries.part,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
