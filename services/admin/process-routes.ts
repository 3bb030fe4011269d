import { ProcessesAnswer, type StatusAnswer } from '../contracts/admin-answers.ts';
import type { HttpApp } from '../runtime/http.ts';
import type { RouteDeps } from './deps.ts';
import { heldByPool } from './environments/environment-state.ts';
import { createProcesses } from './processes.ts';
import { slicesOf } from './slices.ts';

/** How all processes are. */
export function addProcessRoutes(app: HttpApp, deps: RouteDeps): void {
  const { catalog, environment, environments, opsUrls, ownStatus, ownOpsUrl, clock } = deps;

  /** Its service's slice of the catalog that the environment holds; where it reads the whole catalog, what this one reads. */
  async function expectedDigest(status: StatusAnswer): Promise<string | undefined> {
    if (status.environment !== environment.name) return undefined;
    if (status.service === null) return deps.heldKinds() === undefined ? catalog.current().digest : undefined;
    const { states } = await environments.read();
    const state = states.find(({ name }) => name === environment.name);
    if (state === undefined) return undefined;
    const catalogs = [state.held, ...state.ahead.values()].flatMap((held) => (held === undefined ? [] : [held.sized]));
    const pool = catalogs.flatMap(({ services }) => services).find((service) => service.id === status.service)?.pool;
    const held = pool === undefined ? undefined : heldByPool(state, pool);
    if (held === undefined) return undefined;
    return slicesOf(held.sized).find(({ service, shard }) => service.id === status.service && shard === status.shard)
      ?.digest;
  }

  const read = createProcesses({ opsUrls, ownStatus, ownUrl: ownOpsUrl, expectedDigest, clock });
  app.get(
    '/admin/api/processes',
    {
      schema: {
        tags: ['processes'],
        operationId: 'getProcesses',
        summary: 'How each process is: what it runs, by which catalog, and what went wrong lately',
        response: { 200: ProcessesAnswer },
      },
    },
    read,
  );
}
