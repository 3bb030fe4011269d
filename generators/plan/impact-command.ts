import { type Output, paint } from '../terminal.ts';
import { clusterText } from './cell.ts';
import { generate, parseOptions, printProblems, runSafely, UsageError } from './command.ts';
import { formatOf } from './cost-command.ts';
import { type ClusterImpact, type Impact, impactOf } from './impact.ts';
import { findEntry } from './lookup.ts';
import { readEntryPlaces, treeOf } from './repository.ts';
import { count } from './summary.ts';
import { alignTable } from './tables.ts';

const help = `What a change of a catalog entry would touch: in each cluster its objects, restarts, alerts, dashboards and apps.
Every environment is rendered with the entry and without it, and compared.

  npm run catalog -- impact network/base
  npm run catalog -- impact BTCUSDT            an id alone, where no other kind has it
  npm run catalog -- impact service/chain-sync --all

Options
  --all              name every object
  --format <format>  text or json (default: text)
  --help             this text
`;

/** Runs `npm run catalog -- impact` in the project at `root`. */
export function runImpact(root: string, argv: readonly string[], out: Output, err: Output): number {
  return runSafely('impact', err, () => {
    const { values, positionals } = parseOptions(argv, { all: { type: 'boolean' }, format: { type: 'string' } }, true);
    if (values.help === true) {
      out.write(help);
      return 0;
    }
    const [wanted, extra] = positionals;
    if (wanted === undefined) throw new UsageError('impact of what? name an entry: impact network/base');
    if (extra !== undefined) throw new UsageError(`"${extra}" is one argument too many`);
    const format = formatOf(values.format, ['text', 'json']);
    const { generation, problems } = generate(root);
    if (generation === undefined) return printProblems(problems, err);
    const lookup = findEntry(
      wanted,
      generation.renderings.map(({ inputs }) => inputs.catalog),
    );
    if ('hint' in lookup) throw new UsageError(`there is no one entry "${wanted}": ${lookup.hint}`);
    const impact = impactOf(lookup.found, generation, treeOf(root, generation));
    if (format === 'json') {
      out.write(`${JSON.stringify({ version: 1, ...impact }, undefined, 2)}\n`);
      return 0;
    }
    const place = readEntryPlaces(root).get(lookup.found);
    const where = place === undefined ? 'only in a lock: the catalog has it no more' : `${place.file}:${place.line}`;
    out.write(renderImpact(impact, where, values.all === true, out));
    return 0;
  });
}

function renderImpact({ entry, how, clusters }: Impact, where: string, all: boolean, out: Output): string {
  const objects = clusters.reduce((sum, cluster) => sum + cluster.objects.length, 0);
  const restarts = clusters.reduce((sum, cluster) => sum + cluster.restarts.length, 0);
  const pods = restarts === 0 ? 'no pods restart' : `the pods of ${count(restarts, 'workload')} depend on it`;
  const summary =
    clusters.length === 0
      ? 'Nothing that is rendered depends on it.'
      : `${count(objects, 'object')} in ${count(clusters.length, 'cluster')}; ${pods}.`;
  const notes = Object.entries(how).flatMap(([environment, way]) => {
    if (way === 'absent') return [`${environment}: its lock does not have the entry: nothing, until it is promoted.`];
    return way === 'sources'
      ? [`${environment}: nothing renders without it, so what names it as a source is counted.`]
      : [];
  });
  const blocks = [
    [`${paint(out, 'bold', entry)}  ${where}`, summary, ...notes],
    alignTable(
      ['cluster', 'objects', 'restarts', 'reloads', 'alerts', 'dashboards', 'apps'],
      clusters.map((cluster) => [
        clusterText(cluster),
        ...[cluster.objects, cluster.restarts, cluster.reloads, cluster.alerts, cluster.dashboards, cluster.apps].map(
          ({ length }) => String(length),
        ),
      ]),
    ),
    ...(['restarts', 'reloads', 'alerts', 'dashboards', 'apps'] as const).map((what) => listOf(what, clusters, out)),
    all ? listOf('objects', clusters, out) : [],
    all || objects === 0 ? [] : [paint(out, 'dim', '--all names every object.')],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** The same names in several clusters are told once, with where they are. */
function listOf(
  what: keyof Omit<ClusterImpact, 'environment' | 'cluster'>,
  clusters: readonly ClusterImpact[],
  out: Output,
): string[] {
  const found = clusters.flatMap((cluster) => cluster[what].map((name) => ({ name, place: clusterText(cluster) })));
  const names = Map.groupBy(found, ({ name }) => name);
  if (names.size === 0) return [];
  const lines = [...names].map(
    ([name, its]) => `  ${name}  ${paint(out, 'dim', its.map(({ place }) => place).join(', '))}`,
  );
  return [paint(out, 'bold', titles[what]), ...lines];
}

const titles = {
  objects: 'objects',
  restarts: 'restarts',
  reloads: 'reloads without a restart',
  alerts: 'alerts',
  dashboards: 'dashboards',
  apps: 'apps',
} as const;
