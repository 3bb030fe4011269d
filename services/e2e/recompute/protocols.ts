import { Interface, type LogDescription } from 'ethers';
import { amountsOf, findEvent } from '../../../catalog/protocol-event.ts';
import type { Protocol } from '../../../catalog/schema/protocol.ts';
import { type Compared, type Comparison, settle } from './comparison.ts';
import type { RawBlock, RawLog } from './raw-chain.ts';
import { readSpan, type Size, type SpanOfNetwork, sizeSeconds, type Window } from './span.ts';
import type { Subject } from './subject.ts';

/** What was done with a protocol, by what the catalog says of it, and ethers. */
interface Uses {
  readonly calls: number;
  readonly failedCalls: number;
  readonly logs: number;
  readonly events: number;
  /** Named by the catalog, and not to be decoded. */
  readonly undecoded: number;
  readonly users: number;
  /** Texts of count and sums, by contract, address, event, field and asset. */
  readonly volumes: ReadonlyMap<string, string>;
}

interface SaidUses {
  readonly calls: number;
  readonly failedCalls: number;
  readonly logs: number;
  readonly events: number;
  readonly undecoded?: Readonly<Record<string, number>>;
  readonly users?: number;
}

interface Volume {
  readonly contract: string;
  readonly address: string;
  readonly event: string;
  readonly field: string | null;
  readonly asset: string | null;
  readonly count: number;
  readonly positive: string;
  readonly negative: string;
}

interface Answer {
  readonly window: Window;
  readonly bucket: Size | null;
  readonly networks: readonly SpanOfNetwork[];
  readonly protocols: readonly {
    readonly protocol: string;
    readonly status: string;
    readonly totals: ({ readonly networks: number } & SaidUses) | null;
    readonly networks: readonly {
      readonly network: string;
      readonly figures: (SaidUses & { readonly newest: number; readonly isCurrent: boolean }) | null;
      readonly volumes: readonly Volume[] | null;
      readonly buckets: readonly (SaidUses & { readonly start: number })[] | null;
    }[];
  }[];
}

/**
 * A moment of a chain that protocols may have been counted at: answers say to which minute, hour or day they count, and not to which
 * block, as they are counted some seconds before or after what else is told of the span.
 */
const aroundBlocks = 40;

/** The blocks of a span, as far as each moment near its end: the one that the answer states first. */
export async function momentsOf(
  subject: Subject,
  network: string,
  { blocks }: { readonly blocks: readonly RawBlock[] },
): Promise<readonly (readonly RawBlock[])[]> {
  const [chain, last] = [subject.chains.get(network), blocks.at(-1)];
  if (subject.stands || chain === undefined || last === undefined) return [blocks];
  const head = await chain.head();
  const younger = head.number > last.number ? (await chain.branch(last.number, head)).slice(1, aroundBlocks) : [];
  const before = Array.from({ length: Math.min(aroundBlocks, blocks.length) }, (_, at) => blocks.slice(0, -1 - at));
  return [blocks, ...younger.map((_, at) => [...blocks, ...younger.slice(0, at + 1)]), ...before];
}

/** Of all protocols together, and of those on each network that has a node with volumes and buckets. */
export async function compareProtocols(subject: Subject): Promise<Compared[]> {
  const all: Compared[] = [];
  for (const window of subject.windows) {
    const queries = ['', ...[...subject.chains.keys()].map((network) => `&network=${network}`)];
    for (const query of queries)
      all.push(await compareOne(subject, `/api/v1/analytics/protocols?window=${window}${query}`));
  }
  return all;
}

function compareOne(subject: Subject, path: string): Promise<Compared> {
  return settle(path, subject.patience, async (comparison) => {
    const { window, bucket, networks, protocols } = await subject.api.json<Answer>(path);
    const spans = new Map<string, readonly (readonly RawBlock[])[]>();
    for (const row of networks) {
      const span = await readSpan(subject, window, row, comparison);
      if (span !== undefined) spans.set(row.network, await momentsOf(subject, row.network, span));
    }
    for (const said of protocols) {
      const protocol = subject.protocols.find(({ id }) => id === said.protocol);
      if (protocol === undefined) {
        comparison.note(`protocol ${said.protocol} is not in the catalog given`);
        continue;
      }
      for (const on of said.networks) {
        const moments = spans.get(on.network);
        if (moments === undefined) continue;
        const blocks = momentOf(protocol, on, moments);
        const what = `${said.protocol} on ${on.network}`;
        compareFiguresOf(comparison, what, { ...on, status: said.status, size: window.size }, { protocol, blocks });
        if (bucket !== null && on.buckets !== null)
          compareBucketsOf(
            comparison,
            what,
            { size: bucket, buckets: on.buckets },
            { protocol, network: on.network, blocks },
          );
      }
      compareTotals(comparison, said);
    }
  });
}

/** The moment that the calls and the logs told of are of; the first if they are of none. */
function momentOf(
  protocol: Protocol,
  { network, figures }: { readonly network: string; readonly figures: SaidUses | null },
  moments: readonly (readonly RawBlock[])[],
): readonly RawBlock[] {
  const found = moments.find((blocks) => {
    const { calls, logs, events } = countProtocols(protocol, network, blocks);
    return calls === figures?.calls && logs === figures.logs && events === figures.events;
  });
  return found ?? moments[0] ?? [];
}

function compareFiguresOf(
  comparison: Comparison,
  what: string,
  said: Answer['protocols'][number]['networks'][number] & { readonly status: string; readonly size: Size },
  { protocol, blocks }: { readonly protocol: Protocol; readonly blocks: readonly RawBlock[] },
): void {
  const { network, figures, volumes } = said;
  const uses = countProtocols(protocol, network, blocks);
  if (figures === null) {
    // Of one that is not active the history stays as far as it was counted.
    if (said.status === 'active') comparison.equal(`${what}: figures is null`, true, blocks.length === 0);
    return;
  }
  compareUses(comparison, what, figures, uses);
  comparison.equal(`${what}: isCurrent`, figures.isCurrent, true);
  const seconds = sizeSeconds[said.size];
  const newest = blocks.at(-1)?.timestamp ?? 0;
  comparison.equal(`${what}: newest`, figures.newest, newest - (newest % seconds));
  if (volumes === null) return;
  comparison.equal(`${what}: volumes`, volumes.length, uses.volumes.size);
  for (const { contract, address, event, field, asset, count, positive, negative } of volumes) {
    const key = [contract, address, event, field ?? '', asset ?? ''].join(' ');
    comparison.equal(`${what}: volume of ${key}`, `${count} ${positive} ${negative}`, uses.volumes.get(key) ?? null);
  }
}

/** The first bucket may begin before the span, and the newest end after what the answer counted: these are not computed. */
function compareBucketsOf(
  comparison: Comparison,
  what: string,
  { size, buckets }: { readonly size: Size; readonly buckets: readonly (SaidUses & { readonly start: number })[] },
  {
    protocol,
    network,
    blocks,
  }: { readonly protocol: Protocol; readonly network: string; readonly blocks: readonly RawBlock[] },
): void {
  const seconds = sizeSeconds[size];
  const [oldest, newest] = [blocks[0]?.timestamp ?? 0, blocks.at(-1)?.timestamp ?? 0];
  const byStart = Map.groupBy(blocks, ({ timestamp }) => timestamp - (timestamp % seconds));
  for (const bucket of buckets) {
    const isWhole = bucket.start >= oldest && bucket.start + seconds <= newest;
    if (!isWhole) continue;
    const uses = countProtocols(protocol, network, byStart.get(bucket.start) ?? []);
    compareUses(comparison, `${what} ${size} ${new Date(bucket.start * 1000).toISOString()}`, bucket, uses);
  }
}

function compareUses(comparison: Comparison, what: string, said: SaidUses, uses: Uses): void {
  for (const name of ['calls', 'failedCalls', 'logs', 'events'] as const)
    comparison.equal(`${what}: ${name}`, said[name], uses[name]);
  if (said.users !== undefined) comparison.equal(`${what}: users`, said.users, uses.users);
  const undecoded = Object.values(said.undecoded ?? {}).reduce((a, b) => a + b, 0);
  comparison.equal(`${what}: undecoded`, undecoded, uses.undecoded);
}

/** Against the figures of the same answer: which of them are added up is said by how many. */
function compareTotals(comparison: Comparison, { protocol, totals, networks }: Answer['protocols'][number]): void {
  const figures = networks.flatMap((on) => (on.figures === null ? [] : [on.figures]));
  if (totals === null || totals.networks !== figures.length) {
    comparison.holds(
      `${protocol}: totals`,
      (totals?.networks ?? 0) <= figures.length,
      totals,
      'over networks with figures',
    );
    return;
  }
  for (const name of ['calls', 'failedCalls', 'logs', 'events'] as const) {
    const total = figures.reduce((sum, each) => sum + each[name], 0);
    comparison.equal(`${protocol}: totals.${name}`, totals[name], total);
  }
}

/** What the blocks did with a protocol's contracts on a network. */
export function countProtocols(protocol: Protocol, network: string, blocks: readonly RawBlock[]): Uses {
  const contracts = new Map(
    protocol.contracts
      .filter((each) => each.network === network)
      .map(({ address, name }) => [address.toLowerCase(), name]),
  );
  const users = new Set<string>();
  const sums = new Map<string, { count: number; positive: bigint; negative: bigint }>();
  const uses = { calls: 0, failedCalls: 0, logs: 0, events: 0, undecoded: 0 };
  for (const { from, to, status, logs } of blocks.flatMap(({ transactions }) => transactions)) {
    if (to !== null && contracts.has(to)) {
      uses.calls++;
      if (status === 0) uses.failedCalls++;
      users.add(from);
    }
    for (const log of logs) {
      const contract = contracts.get(log.address);
      if (contract === undefined) continue;
      uses.logs++;
      users.add(from);
      const entry = protocol.events.find(
        (event) => event.contract === contract && eventOf(event.signature)?.topic === log.topics[0],
      );
      if (entry === undefined) continue;
      const decoded = decode(entry.signature, log);
      if (decoded === undefined) {
        uses.undecoded++;
        continue;
      }
      uses.events++;
      const amounts: readonly { field: string; asset?: string }[] = amountsOf(decoded.fragment, entry);
      for (const { field, asset } of amounts.length > 0 ? amounts : [{ field: '' }]) {
        const value = field === '' ? 0n : (decoded.args.getValue(field) as bigint);
        const of = asset === undefined ? '' : String(decoded.args.getValue(asset)).toLowerCase();
        const key = [contract, log.address, decoded.name, field, of].join(' ');
        const sum = sums.get(key) ?? { count: 0, positive: 0n, negative: 0n };
        sum.count++;
        if (value < 0n) sum.negative -= value;
        else sum.positive += value;
        sums.set(key, sum);
      }
    }
  }
  const volumes = new Map(
    [...sums].map(([key, { count, positive, negative }]) => [key, `${count} ${positive} ${negative}`]),
  );
  return { ...uses, users: users.size, volumes };
}

/** Transactions sent to one of a protocol's contracts, over all protocols. */
export function callsOf(protocols: readonly Protocol[], network: string, blocks: readonly RawBlock[]): number {
  const receivers = blocks.flatMap(({ transactions }) => transactions.map(({ to }) => to));
  const perAddress = Map.groupBy(receivers, (to) => to);
  const addresses = protocols.flatMap(({ contracts }) => {
    const here = contracts.filter((each) => each.network === network);
    return [...new Set(here.map(({ address }) => address.toLowerCase()))];
  });
  return addresses.reduce((total, address) => total + (perAddress.get(address)?.length ?? 0), 0);
}

interface Event {
  readonly topic: string;
  readonly indexed: number;
  readonly interface: Interface;
}

const events = new Map<string, Event | undefined>();
const decodedLogs = new Map<string, WeakMap<RawLog, { readonly event: LogDescription | undefined }>>();

function eventOf(signature: string): Event | undefined {
  if (events.has(signature)) return events.get(signature);
  const found = findEvent(signature);
  const event = found && {
    topic: found.topicHash,
    indexed: found.inputs.filter((input) => input.indexed === true).length,
    interface: new Interface([signature]),
  };
  events.set(signature, event);
  return event;
}

/** Undefined if it is not what its signature says, down to the last parameter. */
function decode(signature: string, log: RawLog): LogDescription | undefined {
  const known = decodedLogs.get(signature) ?? new WeakMap<RawLog, { readonly event: LogDescription | undefined }>();
  decodedLogs.set(signature, known);
  const decoded = known.get(log) ?? { event: decodeAnew(signature, log) };
  known.set(log, decoded);
  return decoded.event;
}

function decodeAnew(signature: string, { topics, data }: RawLog): LogDescription | undefined {
  const event = eventOf(signature);
  if (event === undefined || topics.length !== event.indexed + 1) return undefined;
  try {
    const decoded = event.interface.parseLog({ topics: [...topics], data });
    decoded?.args.toArray(true);
    return decoded ?? undefined;
  } catch {
    return undefined;
  }
}
