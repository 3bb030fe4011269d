import { relative } from 'node:path';
import { styleText } from 'node:util';
import type { SyncReport } from './datasets/chain/status.ts';
import type { Config } from './runtime/config.ts';
import type { Running } from './runtime/modules.ts';
import type { Context, Parts } from './system.ts';

/** Tells a person what is up and where. */
export function showStarted(context: Context, running: Running<Parts>, tookMs: number, out: NodeJS.WriteStream): void {
  const { config } = context;
  const { parts } = running;
  const bold = (text: string): string => styleText('bold', text, { stream: out });
  const rows: [string, string][] = [];
  const { admin } = parts;
  if (admin !== undefined) rows.push(['admin', `${admin.urls[0]}/admin/`]);
  const api = parts['analytics-api'];
  if (api !== undefined) {
    const [first = '', ...others] = api.urls;
    rows.push(['API', `${first}/api/v1/l2/networks${others.length > 0 ? `  (also ${others.join(', ')})` : ''}`]);
    rows.push(['live', `${first.replace(/^http/, 'ws')}/ws  (its messages are described in the docs)`]);
    rows.push(['docs', `${first}/docs`]);
    rows.push(['health', `${first}/api/v1/health/networks`]);
  }
  const market = parts['market-api'];
  if (market !== undefined) rows.push(['market', `${market.urls[0]}/symbols  (docs at ${market.urls[0]}/docs)`]);
  if (parts.ops !== undefined) rows.push(['metrics', `${parts.ops.url}/metrics`]);
  const chains = parts['local-chains'];
  if (chains !== undefined) rows.push(['chains', chains.chains.map((chain) => `${chain.id} ${chain.url}`).join('  ')]);
  const exchange = parts['local-exchange'];
  if (exchange !== undefined)
    rows.push([
      'exchange',
      `${exchange.markets.map(({ source, restUrl }) => `${source.market} ${restUrl}`).join('  ')}  (simulated)`,
    ]);
  rows.push(['data', describeStores(config)]);
  const inForce = parts.catalog?.current();
  if (inForce !== undefined)
    rows.push([
      'catalog',
      `${inForce.catalog.networks.length} networks, ${inForce.catalog.pairs.length} pairs, ${inForce.digest.slice(0, 19)}…`,
    ]);
  const title = `Defimon ${context.version}, environment ${config.environment.name}, up in ${(tookMs / 1000).toFixed(1)} s`;
  const lines = rows.map(([name, value]) => `  ${name.padEnd(9)}${value}`);
  const hint =
    config.live || config.environment.name !== 'local'
      ? ''
      : "\n  The catalog's real networks are not synced, and the exchange is a simulated one: npm start -- --live";
  out.write(`\n${bold(title)}\n${lines.join('\n')}${hint}\n\n`);
}

/** Where the data is: the folder of what is in the process, and what is elsewhere. */
function describeStores({ stores }: Config): string {
  const { dataDir, ...kinds } = stores;
  const elsewhere = Object.entries(kinds).flatMap(([name, { kind }]) => (kind === 'networked' ? [name] : []));
  const folder = relative(process.cwd(), dataDir) || '.';
  return elsewhere.length === 0 ? folder : `${folder}  (networked: ${elsewhere.join(', ')})`;
}

const terminalMs = 500;
const plainMs = 5_000;

/**
 * Shows how far the networks are while they catch up: one line that renews itself on a terminal, else a line every five seconds;
 * and one line when all that can be reached are caught up.
 */
export function showProgress(running: Running<Parts>, out: NodeJS.WriteStream): { stop(): void } {
  const sync = running.parts['chain-sync'];
  if (sync === undefined) return { stop: () => undefined };
  const terminal = out.isTTY === true;
  const clear = terminal ? '\r\u001b[K' : '';
  let caughtUp = false;
  let shown = false;
  const timer = setInterval(
    () => {
      const reports = sync.reports().filter((report) => report.state !== 'idle');
      const behind = reports.filter((report) => report.state === 'syncing' || report.state === 'starting');
      if (behind.length > 0) {
        caughtUp = false;
        shown = true;
        const width = terminal ? out.columns : Number.POSITIVE_INFINITY;
        const lost = reports.filter((report) => report.state === 'unreachable').length;
        out.write(`${clear}${clip(`catching up: ${progressText(behind, lost)}`, width)}${terminal ? '' : '\n'}`);
      } else if (!caughtUp && reports.length > 0) {
        caughtUp = true;
        const reached = reports.filter((report) => report.state === 'synced');
        const lost = reports.length - reached.length;
        const held = reached.map((report) => `${report.network} at ${report.synced}`).join(', ');
        if (reached.length > 0)
          out.write(`${clear}caught up: ${held}${lost > 0 ? `; ${lost} unreachable, see the health page` : ''}\n`);
      }
    },
    terminal ? terminalMs : plainMs,
  );
  return {
    stop: () => {
      clearInterval(timer);
      if (terminal && shown && !caughtUp) out.write('\n');
    },
  };
}

const shownMax = 3;

/** The networks with most left to do by name, the rest as counts: with --live there are some fifty. */
function progressText(behind: readonly SyncReport[], lost: number): string {
  const syncing = behind
    .filter((report) => report.state === 'syncing')
    .sort((a, b) => b.backfillRemaining - a.backfillRemaining);
  const starting = behind.length - syncing.length;
  const parts = syncing.slice(0, shownMax).map(progressOf);
  if (syncing.length > shownMax) parts.push(`${syncing.length - shownMax} more`);
  if (starting > 0) parts.push(`${starting} being reached`);
  if (lost > 0) parts.push(`${lost} unreachable`);
  return parts.join(' · ');
}

function progressOf(report: SyncReport): string {
  const total = report.blocksHeld + report.backfillRemaining;
  const percent = total === 0 ? 0 : Math.floor((100 * report.blocksHeld) / total);
  return `${report.network} ${percent}% (${report.blocksHeld}/${total}, ${report.blocksPerSecond.toFixed(0)} blocks/s)`;
}

function clip(text: string, width: number): string {
  return text.length < width ? text : `${text.slice(0, Math.max(0, width - 2))}…`;
}
