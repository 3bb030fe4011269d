import { join } from 'node:path';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Network } from '../../catalog/schema/network.ts';
import { catalogSourceOf, readSources } from './catalog-source.ts';
import { type Config, decideConfig, type Flags } from './config.ts';
import { ConfigurationError } from './errors.ts';
import { readSettings } from './settings.ts';

const root = join(import.meta.dirname, '..', '..');

/**
 * What a program or a command works with, by its flags, its variables, and the environment and the catalog that these name.
 *
 * @throws ConfigurationError naming all that is wrong with them.
 */
export function readConfig(
  flags: Flags,
  variables: NodeJS.ProcessEnv,
): { readonly config: Config; readonly catalog: Catalog; readonly environmentNetworks: readonly Network[] } {
  const { settings, problems } = readSettings(variables);
  const environmentFile = flags.environmentFile ?? join(root, 'environments', flags.environment, 'environment.yaml');
  const source = catalogSourceOf(flags.catalog ?? join(root, 'catalog'));
  const reading = readSources(source, environmentFile, flags.portOffset);
  if ('problems' in reading) throw new ConfigurationError([...problems, ...reading.problems].join('\n'));
  if (problems.length > 0) throw new ConfigurationError(problems.join('\n'));
  const { catalog, environment, environmentNetworks } = reading;
  return { config: decideConfig(flags, settings, source, environmentFile, environment), catalog, environmentNetworks };
}
