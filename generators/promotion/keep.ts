import { openProject } from '../project-files.ts';
import { isGenerated, keptPathOf } from './environment-files.ts';
import { commitsOf, filesAt } from './git.ts';
import { digestOfTree, renderKept } from './kept.ts';
import { requireLocked } from './preconditions.ts';
import { refuse } from './refusal.ts';

/**
 * The file that keeps an environment's tree as it was last committed, so that a change of the generators reaches its
 * source first, and itself with the next promotion. Writes nothing.
 *
 * @throws RefusalError when it is kept already, or differs from what was committed.
 */
export function planKeep(root: string, environment: string): { path: string; text: string } {
  const files = openProject(root);
  requireLocked(files, environment, 'keeping');
  const path = keptPathOf(environment);
  if (files.find(path) !== undefined) refuse(path, `${environment} is kept already`, 'leave out --keep');
  const paths = [...files.listFiles(`environments/${environment}`), ...files.listFiles('argocd')].filter((file) =>
    isGenerated(environment, file),
  );
  // The newest of them, and no commit of a branch that only changes generators: that one may be squashed away.
  const [rev] = commitsOf(root, 'HEAD', paths);
  if (rev === undefined) return refuse(`environments/${environment}`, 'was never committed', 'commit it first');
  const digest = digestOfTree(paths.map((file) => ({ path: file, text: files.findText(file) ?? '' })));
  const committed = filesAt(root, rev, ['environments', 'argocd']).filter((file) =>
    isGenerated(environment, file.path),
  );
  if (digestOfTree(committed) !== digest) {
    const fix = `restore it: git checkout -- environments/${environment} argocd`;
    refuse(`environments/${environment}`, 'is not what was committed', fix);
  }
  return { path, text: renderKept({ rev, digest }) };
}
