/** `npm run verify`: every figure of the API against raw blocks, by code that shares nothing with what made it. */

import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { renderTable } from '../../catalog/commands/terminal.ts';
import { loadEnvironment } from '../../catalog/environment.ts';
import { loadCatalog } from '../../catalog/load.ts';
import { createApi } from './recompute/api.ts';
import { createPatience } from './recompute/comparison.ts';
import { createNode } from './recompute/node.ts';
import { createRawChain, type RawChain } from './recompute/raw-chain.ts';
import { type PartName, partNames, recompute } from './recompute/recompute.ts';
import { spanNames } from './recompute/span.ts';
import { runCommand, UsageError } from './run-command.ts';

const root = join(import.meta.dirname, '..', '..');

const help = `npm run verify -- --rpc NETWORK=URL [--rpc NETWORK=URL ...] [options]

Asks the analytics API, reads the blocks, receipts and logs that each answer says it counted from the nodes, computes every figure
again, and lists each that differs: of /api/v1/analytics, of the statistics of networks, and of /ws. A chain may move on meanwhile, as
every answer says what it is of; what differs is asked for again for some seconds before it counts.

Not computed: when blocks were seen to become final, which no node knows (bounded), and what the catalog states. Of networks
without a node only what follows from the answer itself is compared.

Options:
  --api URL           default http://127.0.0.1:8000
  --rpc NETWORK=URL   a node of a network, which has receipts (eth_getBlockReceipts, or eth_getTransactionReceipt)
  --windows a,b       of ${spanNames.join(',')}; default all
  --blocks N          answers over more blocks of a network are left out, and said to be; default 20000
  --rate N            requests a second to each node at most, as a public one allows; default without limit
  --patience N        seconds that a difference may last; default 60
  --quiet-chains      the chains stand still: answers must also reach their newest blocks
  --only a,b          of ${partNames.join(',')}; default all
  --catalog DIR       whose protocols are counted; default that of this project
  --environment-file  with networks and protocols beside it; default that of the local environment
  --help

Exit code 0: all equal. 1: something differs, or nothing could be compared.`;

const options = {
  api: { type: 'string', default: 'http://127.0.0.1:8000' },
  rpc: { type: 'string', multiple: true, default: [] as string[] },
  windows: { type: 'string', default: spanNames.join(',') },
  blocks: { type: 'string', default: '20000' },
  rate: { type: 'string', default: '' },
  patience: { type: 'string', default: '60' },
  'quiet-chains': { type: 'boolean', default: false },
  only: { type: 'string', default: partNames.join(',') },
  catalog: { type: 'string', default: join(root, 'catalog') },
  'environment-file': { type: 'string', default: join(root, 'environments', 'local', 'environment.yaml') },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const differencesShown = 60;

await runCommand(main);

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    process.stdout.write(`${help}\n`);
    return;
  }
  const chains = await openChains(values.rpc, {
    blocksMax: numberOf('blocks', values.blocks),
    requestsPerSecond: values.rate === '' ? Number.POSITIVE_INFINITY : numberOf('rate', values.rate),
  });
  const catalog = loadCatalog(values.catalog);
  const environment = loadEnvironment(values['environment-file'], catalog);
  const networks = [...catalog.networks, ...(environment.networks ?? [])];
  const subject = {
    api: createApi(values.api),
    chains,
    startBlocks: new Map(networks.map(({ id, startBlock = 0 }) => [id, startBlock])),
    protocols: [...catalog.protocols, ...(environment.protocols ?? [])],
    windows: wordsOf('windows', values.windows, spanNames),
    patience: createPatience(numberOf('patience', values.patience) * 1000),
    stands: values['quiet-chains'],
  };
  const parts = await recompute(subject, {
    only: wordsOf<PartName>('only', values.only, partNames),
    tell: (line) => process.stderr.write(`${styleText('dim', line, { stream: process.stderr })}\n`),
  });
  const rows = parts.map(({ name, answers, figures, differences }) => [
    name,
    ...[answers, figures, differences.length].map(String),
  ]);
  process.stdout.write(renderTable(['what', 'answers', 'figures compared', 'differences'], rows));
  for (const note of new Set(parts.flatMap(({ notes }) => notes))) process.stdout.write(`not compared: ${note}\n`);
  const differences = parts.flatMap((part) => part.differences);
  for (const { what, said, computed } of differences.slice(0, differencesShown))
    process.stdout.write(`${styleText('red', what)}\n  the API says ${said}\n  from blocks  ${computed}\n`);
  if (differences.length > differencesShown)
    process.stdout.write(`and ${differences.length - differencesShown} more\n`);
  if (differences.length > 0 || parts.every(({ figures }) => figures === 0)) process.exitCode = 1;
}

/** Tells at once of a node that is not there. */
async function openChains(
  texts: readonly string[],
  limits: { readonly blocksMax: number; readonly requestsPerSecond: number },
): Promise<Map<string, RawChain>> {
  if (texts.length === 0) throw new UsageError('name a node: --rpc local_l1=http://127.0.0.1:18545 (--help says more)');
  const chains = new Map<string, RawChain>();
  for (const text of texts) {
    const [, network, url] = /^([a-z0-9_]+)=(https?:\/\/.+)$/.exec(text) ?? [];
    if (network === undefined || url === undefined) throw new UsageError(`--rpc ${text}: must be NETWORK=URL`);
    const { blocksMax, requestsPerSecond } = limits;
    const chain = createRawChain({ node: createNode({ url, requestsPerSecond }), blocksMax, atOnce: 8 });
    const head = await chain.head().catch((error: unknown) => {
      throw new UsageError(`--rpc ${network}: ${error instanceof Error ? error.message : String(error)}`);
    });
    await chain.branch(head.number, head).catch((error: unknown) => {
      throw new UsageError(`--rpc ${network}: ${error instanceof Error ? error.message : String(error)}`);
    });
    chains.set(network, chain);
  }
  return chains;
}

function wordsOf<Word extends string>(name: string, text: string, words: readonly Word[]): Word[] {
  return text.split(',').map((each) => {
    const found = words.find((word) => word === each);
    if (found === undefined) throw new UsageError(`--${name} ${each}: must be of ${words.join(',')}`);
    return found;
  });
}

function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (text === '' || !Number.isFinite(number) || number < 0)
    throw new UsageError(`--${name} ${text}: must be a number`);
  return number;
}
