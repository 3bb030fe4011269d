import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { type Compared, type Comparison, settle } from './comparison.ts';
import { type Figure, figuresOf } from './figures.ts';
import type { RawBlock, RawChain } from './raw-chain.ts';
import type { Subject } from './subject.ts';

// /ws against the node and, where both speak of the same block, against REST.

type Told = Readonly<Record<string, unknown>> & { readonly type: string; readonly network?: string };

/** What a block has in the channel `blocks` as in /api/v1/l2/networks/{id}/blocks. */
const sameInRest = ['number', 'hash', 'timestamp', 'gasUsed', 'gasLimit', 'baseFeePerGas', 'transactions', 'logs'];

const listenMs = 4_000;

export function compareLive(subject: Subject): Promise<Compared> {
  return settle('/ws', subject.patience, async (comparison) => {
    const told = await listen(subject.api.url, [...subject.chains.keys()]);
    for (const [network, chain] of subject.chains) {
      const own = told.filter((each) => each.network === network);
      const blocks = own.flatMap((each) => {
        if (each.type === 'snapshot') return each.blocks as Told[];
        return each.type === 'block' ? [each] : [];
      });
      const gas = own.filter(({ type }) => type === 'gas');
      const states = own.filter(({ type }) => type === 'network');
      comparison.holds(`${network}: snapshot`, blocks.length > 0, blocks.length, 'some blocks');
      comparison.holds(`${network}: network`, states.length > 0, states.length, 'what state it is in');
      if (gas.length === 0)
        comparison.note(`${network}: no block came since the API started, so that it tells of no gas`);
      const rest = await readRest(subject, network);
      for (const block of blocks) {
        const raw = await find(chain, block);
        if (raw === undefined) continue;
        compareBlock(comparison, `${network} block ${raw.number}`, block, raw);
        const same = rest.get(raw.hash);
        for (const name of same === undefined ? [] : sameInRest)
          comparison.equal(`${network} block ${raw.number}: ${name}, in REST`, block[name], same?.[name] as Figure);
      }
      for (const each of gas) {
        const raw = await find(chain, each);
        if (raw !== undefined) compareGas(comparison, `${network} gas of ${raw.number}`, each, raw);
      }
      for (const state of states) await comparePace(comparison, `${network} network`, state, chain);
    }
  });
}

async function listen(url: string, networks: readonly string[]): Promise<Told[]> {
  const told: Told[] = [];
  const socket = new WebSocket(`${url.replace(/^http/, 'ws').replace(/\/$/, '')}/ws`);
  const closed = new Promise<void>((resolve, reject) => {
    socket.on('close', () => resolve());
    socket.on('error', reject);
  });
  socket.on('open', () => {
    for (const channel of ['blocks', 'gas', 'networks'])
      socket.send(JSON.stringify({ op: 'subscribe', channel, networks }));
  });
  socket.on('message', (data) => told.push(JSON.parse(data.toString()) as Told));
  await Promise.race([sleep(listenMs), closed]);
  socket.close();
  await closed;
  return told;
}

/** Undefined where it has left the chain since. */
async function find(chain: RawChain, { number, hash }: Told): Promise<RawBlock | undefined> {
  const header = await chain.header(Number(number)).catch(() => undefined);
  if (header === undefined || header.hash !== hash) return undefined;
  const [block] = await chain.branch(header.number, header);
  return block;
}

async function readRest(subject: Subject, network: string): Promise<Map<string, Told>> {
  const { blocks } = await subject.api.json<{ blocks: readonly Told[] }>(
    `/api/v1/l2/networks/${network}/blocks?limit=100`,
  );
  return new Map(blocks.map((block) => [String(block.hash), block]));
}

function compareBlock(comparison: Comparison, what: string, told: Told, raw: RawBlock): void {
  const all = figuresOf({ blocks: [raw], parent: undefined });
  const expected = {
    ...{ number: raw.number, hash: raw.hash, timestamp: raw.timestamp },
    ...{
      transactions: raw.transactions.length,
      logs: all.logs,
      gasUsed: String(raw.gasUsed),
      gasLimit: String(raw.gasLimit),
    },
    baseFeePerGas: raw.baseFee === null ? null : String(raw.baseFee),
  };
  for (const [name, value] of Object.entries(expected)) comparison.equal(`${what}: ${name}`, told[name], value ?? null);
  const fees = told.fees as { execution: unknown; l1Data: unknown };
  // A block without transactions paid nothing; of one of which none tells, nothing is known.
  const execution = raw.transactions.length === 0 ? '0' : (all.executionFeesTotal ?? null);
  comparison.equal(`${what}: fees.execution`, fees.execution, execution);
  comparison.equal(`${what}: fees.l1Data`, fees.l1Data, all.l1DataFeesTotal ?? null);
}

function compareGas(comparison: Comparison, what: string, told: Told, raw: RawBlock): void {
  const all = figuresOf({ blocks: [raw], parent: undefined });
  comparison.equal(`${what}: gasUsed`, told.gasUsed, String(raw.gasUsed));
  comparison.equal(`${what}: gasLimit`, told.gasLimit, String(raw.gasLimit));
  comparison.equal(`${what}: baseFeePerGas`, told.baseFeePerGas, raw.baseFee === null ? null : String(raw.baseFee));
  const { gasPrice, executionFees, l1DataFees } = told as Record<string, Readonly<Record<string, unknown>> | null>;
  for (const p of ['p10', 'p50', 'p90', 'p95'])
    comparison.equal(`${what}: gasPrice.${p}`, gasPrice?.[p] ?? null, all[`gasPrice${p.toUpperCase()}`] ?? null);
  for (const [name, said] of [
    ['executionFee', executionFees],
    ['l1DataFee', l1DataFees],
  ] as const) {
    comparison.equal(`${what}: ${name}s.total`, said?.total ?? null, all[`${name}sTotal`] ?? null);
    comparison.equal(`${what}: ${name}s.mean`, said?.mean ?? null, all[`${name}Mean`] ?? null);
    for (const p of ['p50', 'p95'])
      comparison.equal(`${what}: ${name}s.${p}`, said?.[p] ?? null, all[`${name}${p.toUpperCase()}`] ?? null);
  }
}

/** Transactions a second over the last 60 s of block time, by three digits: another definition than that of `tps` in /analytics. */
async function comparePace(comparison: Comparison, what: string, told: Told, chain: RawChain): Promise<void> {
  const { tps, time, synced } = told;
  if (tps === null || typeof time !== 'number' || typeof synced !== 'number') return;
  const first = await chain.firstSince(time - 59);
  const header = await chain.header(synced).catch(() => undefined);
  if (first === undefined || header?.timestamp !== time) return;
  const blocks = await chain.branch(first.number, header);
  const transactions = blocks.reduce((total, block) => total + block.transactions.length, 0);
  comparison.equal(`${what}: tps`, tps, Math.round((transactions / 60) * 1000) / 1000);
}
