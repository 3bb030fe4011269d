import { planOf } from '../plan/command.ts';
import { noteCharsMax, renderMarkdown } from '../plan/format-markdown.ts';
import { renderCodeQuality, renderJunit } from '../plan/format-reports.ts';
import type { Plan } from '../plan/plan.ts';
import { findRevision, writeReport } from '../plan/repository.ts';

/**
 * Writes all that GitLab shows of a plan, from one render: plan.md for the note, plan-full.md without a limit,
 * plan-codequality.json for the lines of the merge request, plan.xml for its tests. What `catalog diff` writes one at a time.
 * A catalog with errors has a plan too: its errors.
 */
export function writePlanReports(root: string, against: string | undefined): Plan {
  const revision = findRevision(root, against);
  const plan = planOf(root, revision);
  const full = 'plan-full.md';
  writeReport(root, 'plan.md', renderMarkdown(plan, { charsMax: noteCharsMax, against: revision.name, full }));
  writeReport(root, full, renderMarkdown(plan, { charsMax: Number.POSITIVE_INFINITY, against: revision.name }));
  writeReport(root, 'plan-codequality.json', renderCodeQuality(plan));
  writeReport(root, 'plan.xml', renderJunit(plan));
  return plan;
}
