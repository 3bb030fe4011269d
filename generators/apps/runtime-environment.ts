import { digestOf } from '../../catalog/lock.ts';
import type { Environment } from '../../catalog/schema/environment.ts';
import { writeYaml } from '../emit/yaml.ts';
import { followsNetworks, type ServiceContext } from './service-context.ts';

/** What of an environment its services read themselves. The rest is for those who render, and changes no pod's file. */
export type RuntimeEnvironment = Pick<
  Environment,
  'name' | 'domain' | 'follow' | 'phases' | 'sync' | 'stores' | 'networks'
>;

export function runtimeEnvironment(environment: Environment): RuntimeEnvironment {
  const { name, domain, follow, phases, sync, stores, networks } = environment;
  return { name, domain, follow, phases, sync, stores, ...(networks === undefined ? {} : { networks }) };
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
  if (!followsNetworks(service)) return undefined;
  const { phases, sync } = environment;
  return digestOf({ phases, sync });
}
