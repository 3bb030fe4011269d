import path from 'node:path';
import type { Logger } from 'pino';
import type { Children } from '../../runtime/children.ts';
import type { Watchable } from '../../runtime/watch-store.ts';
import { openPool } from '../open-pool.ts';
import type { Relational } from '../relational.ts';
import { startPostgresServer } from './postgres-server.ts';

/** PostgreSQL 18 as a child of this process, on `<dataDir>/relational`. `onLost` is called if the server ends by itself. */
export async function openEmbeddedPostgres(options: {
  readonly dataDir: string;
  readonly children: Children;
  readonly log: Logger;
  readonly onLost?: (error: Error) => void;
}): Promise<Watchable<Relational>> {
  const { children, log, onLost } = options;
  const folder = path.join(options.dataDir, 'relational');
  const server = await startPostgresServer({
    folder,
    children,
    log,
    ...(onLost === undefined ? {} : { onExit: onLost }),
  });
  try {
    const { stop, ...opened } = await openPool({ ...server.connection, max: 20 });
    return {
      ...opened,
      stop: async () => {
        await stop();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
