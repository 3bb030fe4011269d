import { styleText } from 'node:util';
import { formatProblem } from '../../catalog/problem.ts';
import { signs } from './body.ts';
import { causesText, clusterText, titleOf, whereLines } from './cell.ts';
import { costRows } from './format-markdown.ts';
import { formatMoney } from './money.ts';
import type { EnvironmentPlan, Group, Plan } from './plan.ts';
import { podRowsOf } from './pod-rows.ts';
import { count } from './summary.ts';
import { alignTable } from './tables.ts';

export interface TextOptions {
  /** For a terminal. */
  readonly colours?: boolean;
  /** Every line of what is added and removed too. */
  readonly whole?: boolean;
  readonly against?: string;
}

type Style = Parameters<typeof styleText>[0];

/** The plan for a terminal: a table of clusters, what is dangerous, which pods restart, and each change once. */
export function renderText(plan: Plan, options: TextOptions = {}): string {
  const paint = (style: Style, text: string): string =>
    options.colours === true ? styleText(style, text, { validateStream: false }) : text;
  const against = options.against === undefined ? '' : paint('dim', `Compared with ${options.against}.`);
  const blocks = [
    [paint('bold', plan.summary), ...(against === '' ? [] : [against])],
    plan.problems.map(formatProblem),
    clusterTable(plan, paint),
    dangerLines(plan, paint),
    podLines(plan, paint),
    costTable(plan),
    promotionLines(plan, paint),
    ...plan.groups.map((group) => groupLines(group, options.whole === true, paint)),
    plan.waits.map((wait) => `waits: ${wait}`),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

type Paint = (style: Style, text: string) => string;

function clusterTable({ environments, dangers }: Plan, paint: Paint): string[] {
  const rows = environments.flatMap((plan) =>
    plan.clusters.map(({ cluster, added, changed, removed, apps, restarts, reloads }) => {
      const place = clusterText({ environment: plan.environment, cluster });
      const its = dangers.filter((danger) => clusterText(danger) === place).length;
      const appCount = apps.added + apps.changed + apps.removed;
      const cell = (style: Style, sign: string, number: number) =>
        paint(number === 0 ? 'dim' : style, `${sign}${number}`);
      return [
        place,
        cell('green', '+', added),
        cell('yellow', '~', changed),
        cell('red', '−', removed),
        appCount === 0 ? '' : `+${apps.added} ~${apps.changed} −${apps.removed}`,
        restarts.length === 0 ? '' : String(restarts.length),
        reloads.length === 0 ? '' : String(reloads.length),
        its === 0 ? '' : paint('red', String(its)),
      ];
    }),
  );
  return alignTable(['cluster', 'added', 'changed', 'removed', 'apps', 'restarts', 'reloads', 'DANGER'], rows);
}

function costTable({ environments }: Plan): string[] {
  const rows = environments.flatMap((plan) => {
    if (plan.costUnknown !== undefined) {
      return [[plan.environment, '', `unknown: the lock ${plan.costUnknown} does not fit today's schema`, '', '']];
    }
    return costRows(plan).map(({ what, before, after, difference }) => [
      plan.environment,
      what,
      before === undefined ? 'none' : formatMoney(before),
      after === undefined ? 'none' : formatMoney(after),
      formatMoney(difference, true),
    ]);
  });
  return alignTable(['cost per month', 'pool', 'before', 'after', 'difference'], rows);
}

function dangerLines({ dangers }: Plan, paint: Paint): string[] {
  return dangers.map((danger) => {
    const head = `${paint('red', `DANGER ${danger.severity}`)} ${clusterText(danger)} ${paint('bold', danger.identity)}`;
    const because = danger.causes.length === 0 ? '' : ` [${causesText(danger.causes)}]`;
    return `${head}: ${danger.message} — ${danger.advice} (${danger.code})${paint('dim', because)}`;
  });
}

function podLines({ environments }: Plan, paint: Paint): string[] {
  const clusters = environments.flatMap((plan) => plan.clusters);
  const pods = podRowsOf({ environments }).map(({ identity, what, isRestart, through, places }) => {
    const more = through.length > 2 ? ` and ${through.length - 2} more` : '';
    const where = places.length > 3 ? `${places.length} clusters: ${places.join(', ')}` : places.join(', ');
    const how = `${through.slice(0, 2).join(', ')}${more}`;
    return `${identity} ${isRestart ? paint('yellow', what) : what} (${how}) in ${where}`;
  });
  const replicas = clusters
    .flatMap((cluster) => cluster.replicas)
    .map((change) => `${clusterText(change)} ${change.identity} ${change.field}: ${change.before} → ${change.after}`);
  return [...pods, ...replicas];
}

function promotionLines({ environments }: Plan, paint: Paint): string[] {
  return environments.flatMap(({ environment, entries, promotion }: EnvironmentPlan) => {
    if (promotion === undefined) return [];
    const shown = promotion.entries.slice(0, 5).map(({ kind, entry }) => `${signs[kind]}${entry}`);
    const more = promotion.entries.length > shown.length ? ` and ${promotion.entries.length - shown.length} more` : '';
    const state = entries.length === 0 ? 'unchanged until promoted' : 'after this';
    const number = count(promotion.entries.length, 'entry', 'entries');
    return [
      `${paint('bold', environment)}: ${state}; a promotion from ${promotion.source} brings ${number}: ${shown.join(' ')}${more}`,
    ];
  });
}

/** Equal changes in one cluster are named up to here, counted by kind above. */
const placesMax = 12;

/** Of what is added or removed, a terminal shows the names: the file is in the working tree, or was in the commit. */
function groupLines({ kind, what, body, changes }: Group, whole: boolean, paint: Paint): string[] {
  const causes = new Map(changes.flatMap((change) => change.causes).map((cause) => [cause.id, cause]));
  const because = causes.size === 0 ? '' : paint('dim', ` [${causesText([...causes.values()])}]`);
  const isShown = whole || kind === 'changed';
  const rest =
    isShown || body.length === 0 ? [] : [paint('dim', `    ${count(body.length, 'line')}: --full plan.md writes them`)];
  return [
    `${paint(styles[kind], titleOf(kind, what, changes))}${because}`,
    ...whereLines(changes, whole ? undefined : placesMax).map((line) => paint('dim', `  ${line}`)),
    ...(isShown ? body.map((line) => `    ${paintLine(line, paint)}`) : rest),
  ];
}

const styles = { added: 'green', changed: 'yellow', removed: 'red' } as const;

function paintLine(line: string, paint: Paint): string {
  if (line.startsWith('+')) return paint('green', line);
  if (line.startsWith('-')) return paint('red', line);
  return line.startsWith('@@') ? paint('cyan', line) : line;
}
