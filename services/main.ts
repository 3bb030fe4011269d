import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { rpcKeyPrefix } from '../catalog/rpc-keys.ts';
import { forgetNetwork } from './datasets/chain/write.ts';
import { type Config, type Flags, parseFlags } from './runtime/config.ts';
import { ConfigurationError, describeError } from './runtime/errors.ts';
import { createLogger } from './runtime/log.ts';
import { makeFolder } from './runtime/make-folder.ts';
import { type Observer, type Running, startModules, startOrder } from './runtime/modules.ts';
import { readConfig } from './runtime/read-config.ts';
import { createRecentErrors } from './runtime/recent-errors.ts';
import { variables } from './runtime/settings.ts';
import { tellFailure } from './runtime/tell-failure.ts';
import { type Context, createSystem, deafServices, missingSettings, type Parts, targets, targetsOf } from './system.ts';
import { showProgress, showStarted } from './terminal.ts';

// The one reader of argv, env and signals.

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

async function main(): Promise<void> {
  const flags = parseFlags(process.argv.slice(2));
  if (flags.mode === 'help') return print(helpText());
  const config = readKnownConfig(flags);
  switch (flags.mode) {
    case 'list':
      return print(listText(config));
    case 'print-config':
      return print(JSON.stringify({ ...config, environment: config.environment.name }, null, 2));
    case 'check':
      return print(`configuration of environment ${config.environment.name} is good: ${targetsOf(config).join(', ')}`);
    default:
      return flags.forget === undefined ? run(config) : forget(config, flags.forget);
  }
}

function readKnownConfig(flags: Flags): Config {
  const { config, catalog, environmentNetworks } = readConfig(flags, process.env);
  const known = new Set([...catalog.networks, ...environmentNetworks].map((network) => network.id));
  const unknown = (config.onlyNetworks ?? []).filter((id) => !known.has(id));
  if (unknown.length > 0)
    throw new ConfigurationError(
      `L2_NETWORKS: no network ${unknown.join(', ')} in the catalog; npm run catalog -- list network shows them`,
    );
  const modules = startOrder(createSystem(contextOf(config).context), targetsOf(config));
  const missing = missingSettings(config, modules);
  if (missing.length > 0) throw new ConfigurationError(missing.join('\n'));
  return config;
}

function contextOf(config: Config): {
  context: Context;
  attach(running: Running<Parts>): void;
  failed: Promise<unknown>;
} {
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const recentErrors = createRecentErrors();
  let running: Running<Parts> | undefined;
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<unknown>((resolve) => {
    fail = resolve;
  });
  const context: Context = {
    config,
    log: createLogger(
      config.logLevel,
      config.environment.name === 'local' ? 'people' : 'machines',
      process.stdout.isTTY === true,
      recentErrors,
    ),
    metrics,
    version,
    startedAt: Math.round(performance.timeOrigin),
    recentErrors,
    health: () => running?.health(),
    fail,
  };
  return {
    context,
    failed,
    attach: (started) => {
      running = started;
    },
  };
}

async function run(config: Config): Promise<void> {
  if (config.environment.name === 'local') makeFolder(config.dataDir);
  const { context, attach, failed } = contextOf(config);
  const { log } = context;
  const forPeople = config.environment.name === 'local';
  // Without this, a defect in a callback would end the process with 1, which asks for another configuration, and stop nothing.
  process.on('uncaughtException', (error) => {
    log.error({ reason: error.stack }, 'a defect: stopping');
    context.fail(error);
  });
  const abort = new AbortController();
  let firstAt = 0;
  const signalled = new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (abort.signal.aborted) {
          // One Ctrl-C may arrive twice: from the terminal, and passed on by npm.
          if (performance.now() - firstAt < 500) return;
          log.warn({ signal }, 'second signal, leaving at once');
          process.exit(75);
        }
        firstAt = performance.now();
        abort.abort(new Error(`stopped by ${signal}`));
        resolve(signal);
      });
    }
  });
  const deaf = deafServices(config);
  if (deaf.length > 0)
    log.warn(
      { services: deaf },
      'the bus is in this process and chain-sync is not: nothing new will come; set KAFKA_BROKERS',
    );
  const tellStopped = (): void => (forPeople ? print('stopped') : log.info('stopped'));
  const from = performance.now();
  const observer: Observer = {
    started: (name, tookMs) => log.debug({ module: name, tookMs: Math.round(tookMs) }, 'module started'),
    stopped: (name, tookMs) => log.debug({ module: name, tookMs: Math.round(tookMs) }, 'module stopped'),
    stopFailed: (name, error) =>
      log.error({ module: name, reason: describeError(error) }, 'module did not stop cleanly'),
  };
  let running: Running<Parts>;
  try {
    running = await startModules(createSystem(context), targetsOf(config), observer, abort.signal);
  } catch (error) {
    // Asked to stop before it was up: what had started is stopped by now.
    if (abort.signal.aborted && error === abort.signal.reason) return tellStopped();
    throw error;
  }
  attach(running);
  const tookMs = performance.now() - from;
  if (forPeople) showStarted(context, running, tookMs, process.stdout);
  else log.info({ modules: running.names, tookMs: Math.round(tookMs) }, 'started');
  const progress = forPeople ? showProgress(running, process.stdout) : undefined;
  const end = await Promise.race([signalled, failed]);
  progress?.stop();
  if (typeof end === 'string') {
    if (forPeople) print(`\nstopping (${end}); a second Ctrl-C leaves at once`);
    else log.info({ signal: end }, 'stopping');
  }
  await running.stop();
  if (typeof end !== 'string') throw end;
  tellStopped();
}

/** Starts the relational store alone and drops a network from it; the retractions reach the other stores at the next start. */
async function forget(config: Config, network: string): Promise<void> {
  const running = await startModules(createSystem(contextOf(config).context), ['relational', 'chain-tables']);
  const { relational } = running.parts;
  try {
    if (relational === undefined) return;
    const dropped = await forgetNetwork(relational, network);
    if (dropped === 0)
      throw new ConfigurationError(
        `--forget ${network}: nothing is held of it; npm run catalog -- list network shows the ids`,
      );
    print(`dropped ${dropped} blocks of ${network}; the next start syncs it anew`);
  } finally {
    await running.stop();
  }
}

function helpText(): string {
  const rows = (pairs: readonly (readonly [string, string])[]): string =>
    pairs.map(([left, right]) => `  ${left.padEnd(30)} ${right}`).join('\n');
  return `Defimon ${version}: runs the services of the catalog.

Usage: npm start -- [options]

${rows([
  ['--environment NAME', 'a folder of environments/; default local'],
  ['--environment-file FILE', "the environment's file in its place, YAML or JSON: what a cluster mounts"],
  ['--target A,B', `which services to run: ${targets.join(', ')} or all; default all`],
  ['--live', 'environment local: also sync the real networks of the catalog, and follow the real exchange'],
  ['--catalog PATH', 'another catalog folder, or the slice of it that a cluster mounts'],
  ['--data-dir DIR', 'where embedded stores keep their data; default .data'],
  ['--host ADDRESS', 'address to listen on; default 127.0.0.1'],
  ['--port-offset N', 'added to every port, for a second Defimon on one machine; default 0'],
  ['--log-level LEVEL', 'trace, debug, info, warn, error or silent; default info'],
  ['--forget NETWORK', 'drop what is held of a network, whose chain was started anew, and leave'],
  ['--list', 'show targets, modules and what they need, and leave'],
  ['--check', 'check configuration and catalog, and leave'],
  ['--print-config', 'show the configuration in force, secrets hidden, and leave'],
  ['--help', 'this text'],
])}

Environment variables, which override the environment's file:

${rows([
  ...variables.map((variable) => [variable.name, variable.help] as const),
  [`${rpcKeyPrefix}…`, 'key of RPC endpoints, named by their secretRef: RPC_KEY_ALCHEMY_TOKEN of alchemy/token'],
])}

Exit codes: 0 stopped as asked, 1 the configuration must change, 75 a restart may help.`;
}

function listText(config: Config): string {
  const table = createSystem(contextOf(config).context);
  const order = startOrder(table, targetsOf(config));
  const lines = order.map((name) => `  ${name.padEnd(18)} ${table[name].needs.join(', ') || '-'}`);
  return `targets: ${targetsOf(config).join(', ')}\n\nmodules in the order they start, with what they need:\n${lines.join('\n')}`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => process.exit(tellFailure(error)),
);
