import { type Output, paint } from '../terminal.ts';
import { clusterText } from './cell.ts';
import { generate, parseOptions, printProblems, runSafely, UsageError } from './command.ts';
import { formatOf } from './cost-command.ts';
import { type ClusterImpact, type Impact, type ImpactList, impactOf } from './impact.ts';
import { findEntry } from './lookup.ts';
import { readEntryPlaces, treeOf } from './repository.ts';
import { count } from './summary.ts';
import { alignTable } from './tables.ts';

const help = `What a change of a catalog entry would touch: in each cluster its objects, restarts, alerts, dashboards and apps.
Every environment is rendered with the entry edited, and without it: an edit often touches less than its removal, after which
others take its place.

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
      out.write(`${JSON.stringify({ version: 2, ...impact }, undefined, 2)}\n`);
      return 0;
    }
    const place = readEntryPlaces(root).get(lookup.found);
    const where = place === undefined ? 'only in a lock: the catalog has it no more' : `${place.file}:${place.line}`;
    out.write(renderImpact(impact, where, values.all === true, out));
    return 0;
  });
}

function renderImpact({ entry, edit, removal, how, reason }: Impact, where: string, all: boolean, out: Output): string {
  const ways = Object.entries(how);
  const absent = ways.flatMap(([environment, way]) => (way === 'absent' ? [environment] : []));
  const unrendered = ways.flatMap(([environment, way]) => (way === 'sources' ? [environment] : []));
  const isCounted = ways.every(([, way]) => way !== 'render');
  const notes = [
    ...absent.map((name) => `${name}: its lock does not have the entry: nothing, until it is promoted.`),
    ...(unrendered.length === 0
      ? []
      : [
          `Without it the catalog does not render (${reason}): ${isCounted ? '' : `in ${unrendered.join(', ')} `}its removal is counted by the objects that name it${isCounted ? ', as an edit' : ''}.`,
        ]),
  ];
  // Where both are counted alike, once is enough.
  const isRemovalTold = !isCounted && edit.length + removal.length > 0;
  const ofEdit = blocksOf('An edit', edit, 'may restart', all, out);
  const told = new Set(ofEdit.map(String));
  // Its removal touches the same and more: a list that is the same is told once.
  const ofRemoval = blocksOf('Its removal', removal, 'restart or go', all, out).filter(
    (block) => !told.has(String(block)),
  );
  const blocks = [
    [`${paint(out, 'bold', entry)}  ${where}`, ...notes],
    ...ofEdit,
    ...(isRemovalTold ? ofRemoval : []),
    all || edit.length + removal.length === 0 ? [] : [paint(out, 'dim', '--all names every object.')],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function blocksOf(
  what: string,
  clusters: readonly ClusterImpact[],
  verb: string,
  all: boolean,
  out: Output,
): string[][] {
  if (clusters.length === 0) return [[`${paint(out, 'bold', what)} touches nothing that is rendered.`]];
  const sum = (list: ImpactList) => clusters.reduce((total, cluster) => total + cluster[list].length, 0);
  const restarts = sum('restarts');
  const pods = restarts === 0 ? 'no pods restart' : `the pods of ${count(restarts, 'workload')} ${verb}`;
  return [
    [
      `${paint(out, 'bold', what)} touches ${count(sum('objects'), 'object')} in ${count(clusters.length, 'cluster')}; ${pods}.`,
      ...alignTable(
        ['cluster', ...columns],
        clusters.map((cluster) => [clusterText(cluster), ...columns.map((column) => String(cluster[column].length))]),
      ),
    ],
    ...columns.slice(1).map((column) => listOf(column, clusters, out)),
    all ? listOf('objects', clusters, out) : [],
  ];
}

const columns = ['objects', 'restarts', 'reloads', 'alerts', 'dashboards', 'apps'] as const;

/** The same names in several clusters are told once, with where they are. */
function listOf(what: ImpactList, clusters: readonly ClusterImpact[], out: Output): string[] {
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
