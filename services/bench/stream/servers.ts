import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startKafka } from '../../testing/kafka/kafka-server.ts';

export interface StreamServers {
  readonly brokers: readonly string[];
  readonly clickhouseUrl: string;
  readonly pids: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

const chdbHttp = fileURLToPath(new URL('../../stores/testing/chdb-http.ts', import.meta.url));

/** Apache Kafka, and chDB behind ClickHouse's HTTP interface, each a process of its own. */
export async function startServers(folder: string): Promise<StreamServers> {
  await using opened = new AsyncDisposableStack();
  const kafka = opened.use(await startKafka({ folder: join(folder, 'kafka') }));
  const clickhouse = spawn(process.execPath, [chdbHttp, join(folder, 'clickhouse')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(clickhouse, 'exit');
  opened.defer(async () => {
    clickhouse.kill();
    await exited;
  });
  const [clickhouseUrl] = (await once(createInterface({ input: clickhouse.stdout }), 'line')) as [string];
  const closing = opened.move();
  return {
    brokers: kafka.brokers,
    clickhouseUrl,
    pids: { Kafka: kafka.pid, ClickHouse: clickhouse.pid ?? 0 },
    close: () => closing.disposeAsync(),
  };
}
