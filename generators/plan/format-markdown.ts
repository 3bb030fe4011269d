import { signs } from './body.ts';
import { causesText, clusterText, titleOf, whereLines } from './cell.ts';
import { dangerRules } from './danger-rules.ts';
import type { EntryEdit } from './edits.ts';
import { addMoney, differenceOf, formatMoney } from './money.ts';
import type { EnvironmentPlan, Group, Money, Plan } from './plan.ts';
import { podRowsOf } from './pod-rows.ts';
import { count } from './summary.ts';
import { code, markdownHeader, markdownRow } from './tables.ts';

/** By which a later run finds the note that it is to replace. */
export const noteMarker = '<!-- defimon-plan -->';

/**
 * GitLab takes notes of up to 1,000,000 characters, but shows one of more than some ten screens slowly, and nobody reads it:
 * what is beyond goes into the artefact.
 */
export const noteCharsMax = 60_000;

export interface MarkdownOptions {
  /** More than this goes into the artefact; Infinity for the artefact itself. */
  readonly charsMax?: number;
  /** Name of the file that holds all of it, if one is written. */
  readonly full?: string;
  /** What was compared with: `origin/main`. */
  readonly against?: string;
}

/** The plan as a note of a merge request: what matters first, the details folded. What does not fit is counted and named. */
export function renderMarkdown(plan: Plan, options: MarkdownOptions = {}): string {
  const { charsMax = noteCharsMax, full, against } = options;
  const title = plan.dangers.length > 0 ? `Plan: ${plan.dangers.length} DANGER` : 'Plan';
  const head = [noteMarker, `## ${title}`, '', escapeText(plan.summary), ''];
  if (against !== undefined) head.push(`Compared with ${code(against)}.`, '');
  const sections = [
    problemSection(plan),
    ...(plan.problems.some(({ severity }) => severity === 'error')
      ? []
      : [
          clusterSection(plan),
          dangerSection(plan),
          ...podSections(plan),
          costSection(plan),
          ...catalogSections(plan),
          groupSection(plan),
          waitSection(plan),
        ]),
  ].filter(({ items }) => items.length > 0);
  // Room for the line that says what was left out, of every section.
  let room = charsMax - head.join('\n').length - sections.length * 160;
  const out = sections.flatMap(({ title, header, items }) => {
    const lines = [`### ${title}`, '', ...header];
    room -= lines.join('\n').length + 1;
    // The first that does not fit ends the section, so that what is shown is its beginning.
    const fits = items.findIndex((item) => {
      room -= item.length + 1;
      return room < 0;
    });
    const shown = fits === -1 ? items : items.slice(0, fits);
    if (fits !== -1) room += items.slice(fits, fits + 1).reduce((sum, item) => sum + item.length + 1, 0);
    const left = items.length - shown.length;
    const note = left === 0 ? [] : ['', leftOut(left, items.length, full)];
    return [...lines, ...shown, ...note, ''];
  });
  return `${[...head, ...out].join('\n').trimEnd()}\n`;
}

function leftOut(left: number, of: number, full: string | undefined): string {
  const where =
    full === undefined ? '`npm run catalog -- diff --full plan.md` writes them' : `the artefact ${code(full)} has them`;
  return `**${left} of these ${of} are not shown here: ${where}.**`;
}

/** Each item stands or goes as a whole. */
interface Section {
  readonly title: string;
  readonly header: readonly string[];
  readonly items: readonly string[];
}

function problemSection({ problems }: Plan): Section {
  const rows = problems.map(({ file, line, col, code: problem, message, fix, severity }) =>
    markdownRow([severity, code(`${file}:${line}:${col}`), problem, `${escapeText(message)} — ${escapeText(fix)}`]),
  );
  return { title: 'Problems', header: markdownHeader(['', 'Where', 'Code', 'What']), items: rows };
}

function clusterSection({ environments, dangers }: Plan): Section {
  const rows = environments.flatMap((plan) =>
    plan.clusters.map(({ cluster, added, changed, removed, apps, restarts, reloads }) => {
      const place = { environment: plan.environment, cluster };
      const its = dangers.filter((danger) => clusterText(danger) === clusterText(place)).length;
      const appCount = apps.added + apps.changed + apps.removed;
      const cells = [added, changed, removed].map((number, index) => (number === 0 ? '' : `${'+~−'[index]}${number}`));
      const words = [
        ...(restarts.length > 0 ? [count(restarts.length, 'restart')] : []),
        ...(reloads.length > 0 ? [count(reloads.length, 'reload')] : []),
      ];
      const appText = appCount === 0 ? '' : `+${apps.added} ~${apps.changed} −${apps.removed}`;
      return markdownRow([
        code(clusterText(place)),
        ...cells,
        appText,
        words.join(', '),
        its === 0 ? '' : `**${its}**`,
      ]);
    }),
  );
  const title = 'Clusters';
  const waiting = environments.flatMap(({ environment, promotion }) =>
    promotion === undefined
      ? []
      : [
          markdownRow([
            code(environment),
            '',
            '',
            '',
            '',
            `${count(promotion.entries.length, 'entry', 'entries')} of ${promotion.source} ${promotion.entries.length === 1 ? 'waits' : 'wait'} for a promotion: ${entriesText(promotion.entries)}`,
            '',
          ]),
        ],
  );
  return {
    title,
    header: markdownHeader(['Cluster', 'Added', 'Changed', 'Removed', 'Apps', 'Pods', 'DANGER']),
    items: [...rows, ...waiting],
  };
}

function entriesText(entries: readonly EntryEdit[], max = 5): string {
  const shown = entries.slice(0, max).map(({ kind, entry }) => `${signs[kind]}${code(entry)}`);
  return `${shown.join(', ')}${entries.length > max ? ` and ${entries.length - max} more` : ''}`;
}

/** Pools whose cost differs, and the sum of every environment with one. */
function costSection({ environments }: Plan): Section {
  const rows = environments.flatMap((plan) => {
    if (plan.costUnknown !== undefined) {
      const text = `cannot be compared: the lock ${plan.costUnknown} does not fit today's schema`;
      return [markdownRow([code(plan.environment), '', text, '', ''])];
    }
    const changed = costRows(plan);
    return changed.map(({ what, before, after, difference }) =>
      markdownRow([code(plan.environment), what, moneyCell(before), moneyCell(after), formatMoney(difference, true)]),
    );
  });
  return {
    title: 'Cost per month',
    header: markdownHeader(['Environment', 'Pool', 'Before', 'After', 'Difference']),
    items: rows,
  };
}

/** The pools of an environment whose cost differs, and their sum with all others; none if nothing differs. */
export function costRows({ costs }: Pick<EnvironmentPlan, 'costs'>) {
  const changed = costs.filter((cost) => formatMoney(cost.before ?? {}) !== formatMoney(cost.after ?? {}));
  const rows = changed.map((cost) => {
    const what = cost.unpriced === 0 ? cost.pool : `${cost.pool} (${count(cost.unpriced, 'line')} without a price)`;
    return { what, before: cost.before, after: cost.after, difference: differenceOf([cost]) };
  });
  if (rows.length === 0) return [];
  const sumOf = (side: 'before' | 'after') => costs.reduce<Money>((sum, cost) => addMoney(sum, cost[side] ?? {}), {});
  return [
    ...rows,
    { what: 'all pools', before: sumOf('before'), after: sumOf('after'), difference: differenceOf(costs) },
  ];
}

function moneyCell(money: Money | undefined): string {
  return money === undefined ? 'none' : formatMoney(money);
}

function dangerSection({ dangers }: Plan): Section {
  const rows = dangers.map((danger) =>
    markdownRow([
      `**${danger.severity}**`,
      code(clusterText(danger)),
      code(danger.identity),
      `${escapeText(danger.message)} — ${escapeText(danger.advice)} (${danger.code})`,
      escapeText(causesText(danger.causes)),
    ]),
  );
  return {
    title: `DANGER: ${[...new Set(dangers.map(({ code }) => dangerRules[code as keyof typeof dangerRules].title))].join('; ')}`,
    header: markdownHeader(['', 'Cluster', 'Object', 'What', 'Because of']),
    items: rows,
  };
}

function podSections({ environments }: Plan): Section[] {
  const clusters = environments.flatMap((plan) => plan.clusters);
  const pods = podRowsOf({ environments }).map(({ identity, what, through, causes, places }) => {
    const more = through.length > 3 ? ` and ${through.length - 3} more` : '';
    return markdownRow([
      code(identity),
      what,
      through.slice(0, 3).map(code).join(', ') + more,
      places.map(code).join(', '),
      escapeText(causesText(causes)),
    ]);
  });
  const replicas = clusters
    .flatMap((cluster) => cluster.replicas)
    .map((change) =>
      markdownRow([
        code(clusterText(change)),
        code(change.identity),
        code(change.field),
        `${change.before} → ${change.after}`,
      ]),
    );
  return [
    { title: 'Pods', header: markdownHeader(['Workload', 'What', 'Through', 'Where', 'Because of']), items: pods },
    { title: 'Replicas', header: markdownHeader(['Cluster', 'Object', 'Field', 'Number']), items: replicas },
  ];
}

function catalogSections({ environments }: Plan): Section[] {
  const seen = new Map<string, { edit: EntryEdit; environments: string[] }>();
  for (const { environment, entries } of environments) {
    for (const edit of entries) {
      const key = JSON.stringify(edit);
      const entry = seen.get(key) ?? { edit, environments: [] };
      entry.environments.push(environment);
      seen.set(key, entry);
    }
  }
  const items = [...seen.values()].map(
    ({ edit, environments: names }) => `- ${edit.kind} ${code(edit.entry)} in ${names.join(', ')}`,
  );
  return [{ title: 'Catalog entries', header: [], items }];
}

function groupSection({ groups }: Plan): Section {
  return { title: 'Changes', header: [], items: groups.map(renderGroup) };
}

function renderGroup({ kind, what, body, changes }: Group): string {
  const causes = new Map(changes.flatMap((change) => change.causes).map((cause) => [cause.id, cause]));
  const because = causes.size === 0 ? [] : [`Because of ${escapeText(causesText([...causes.values()], 5))}`, ''];
  const fence = '`'.repeat(Math.max(3, ...body.map((line) => (/`{3,}/.exec(line)?.[0].length ?? 0) + 1)));
  return [
    `<details><summary>${escapeHtml(titleOf(kind, what, changes))}</summary>`,
    '',
    ...because,
    ...whereLines(changes).map((line) => `- ${code(line)}`),
    '',
    ...(body.length === 0 ? [] : [`${fence}diff`, ...body, fence, '']),
    '</details>',
    '',
  ].join('\n');
}

function waitSection({ waits }: Plan): Section {
  return { title: 'Waits', header: [], items: waits.map((wait) => `- ${escapeText(wait)}`) };
}

/** What people wrote must not become markup. */
function escapeText(text: string): string {
  return escapeHtml(text).replaceAll(/[\\`*[\]]/g, '\\$&');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
