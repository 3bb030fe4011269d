import type { Problem } from './problem.ts';
import type { Rule } from './rule.ts';
import { borrowedStoreRules } from './rules/borrowed-stores.ts';
import { busDiskRules } from './rules/bus-disks.ts';
import { channelRules } from './rules/channels.ts';
import { identityRules } from './rules/identity.ts';
import { networkRules } from './rules/networks.ts';
import { nodeGroupRules } from './rules/node-groups.ts';
import { pairRules } from './rules/pairs.ts';
import { poolRules } from './rules/pools.ts';
import { protocolRules } from './rules/protocols.ts';
import { secretRules } from './rules/secrets.ts';
import { serviceRules } from './rules/services.ts';
import { topicRules } from './rules/topics.ts';
import type { CatalogView } from './view.ts';

/** Every rule across files, by code. Codes below CAT020 are the file, its syntax and its shape (yaml.ts, validate.ts). */
export const rules: readonly Rule[] = [
  ...identityRules,
  ...networkRules,
  ...pairRules,
  ...channelRules,
  ...protocolRules,
  ...poolRules,
  ...nodeGroupRules,
  ...serviceRules,
  ...secretRules,
  ...topicRules,
  ...borrowedStoreRules,
  ...busDiskRules,
];

/** What the rules find, as problems with their place. */
export function checkRules(view: CatalogView): Problem[] {
  return rules.flatMap(({ code, check }) =>
    [...check(view)].map((finding): Problem => {
      const { message, fix, severity = 'error' } = finding;
      const place =
        'entry' in finding
          ? { file: finding.entry.file, ...finding.entry.placeOf(finding.path, finding.at) }
          : { file: finding.file, line: finding.line, col: finding.col };
      return { ...place, code, message, fix, severity };
    }),
  );
}
