import { digestOf } from '../../catalog/lock.ts';
import type { Environment } from '../../catalog/schema/environment.ts';
import type { Service } from '../../catalog/schema/service.ts';
import { writeYaml } from '../emit/yaml.ts';
import { followsNetworks, type ServiceContext } from './service-context.ts';

/** What of an environment its services read themselves. The rest is for those who render, and changes no pod's file. */
export type RuntimeEnvironment = Pick<
  Environment,
  'name' | 'domain' | 'follow' | 'phases' | 'sync' | 'market' | 'stores' | 'database' | 'networks'
>;

/** Who reads the settings of the order books: others read pairs too, and collect none. */
const collector = 'market-collector';

/** What one service reads. What it does not read is not there, so that a change of it restarts nobody else. */
export function runtimeEnvironment(
  environment: Environment,
  service: Pick<Service, 'id' | 'needs'>,
): RuntimeEnvironment {
  const { name, domain, follow, phases, sync, market, stores, database, networks } = environment;
  return {
    name,
    domain,
    follow,
    phases,
    sync,
    ...(market !== undefined && service.id === collector ? { market } : {}),
    stores,
    ...(database !== undefined && service.needs.includes('relational') ? { database } : {}),
    ...(networks === undefined ? {} : { networks }),
  };
}

/** The file that pods read, by the schema of environment.yaml. */
export function renderEnvironmentFile(environment: RuntimeEnvironment): string {
  return `# The part of environments/${environment.name}/environment.yaml that services read.\n${writeYaml(environment)}`;
}

/**
 * The digest of the settings that a service reads once, at its start, so that its pods are rolled when one changes;
 * undefined if it reads none. Networks of the environment are applied as they change, like those of the catalog.
 */
export function startSettingsDigest({ service, environment }: ServiceContext): string | undefined {
  const { phases, sync, market, database } = environment;
  const read = {
    ...(followsNetworks(service) ? { phases, sync } : {}),
    ...(market === undefined ? {} : { market }),
    ...(database === undefined ? {} : { database }),
  };
  return Object.keys(read).length === 0 ? undefined : digestOf(read);
}
