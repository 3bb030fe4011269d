import { costOfPool } from '../cost.ts';
import { kinds } from '../kinds.ts';
import type { Catalog } from '../load.ts';
import { suggest } from '../nearest.ts';
import { UsageError } from './arguments.ts';
import { readOrReport } from './report.ts';
import { paint, renderTable, type Terminal } from './terminal.ts';

/** `list`: how many entries of each kind; with a kind, a table of them. */
export function listEntries(dir: string, wanted: string | undefined, terminal: Terminal): number {
  const kind = kinds.find(({ kind, key }) => wanted === kind || wanted === key);
  if (wanted !== undefined && kind === undefined) {
    const known = kinds.map(({ kind }) => kind);
    throw new UsageError(`unknown kind "${wanted}": ${suggest(wanted, known)}`);
  }
  const catalog = readOrReport(dir, terminal);
  if (catalog === undefined) return 1;
  const [header, rows] = kind === undefined ? countKinds(catalog) : tables[kind.key](catalog);
  const [title = '', ...lines] = renderTable(header, rows).trimEnd().split('\n');
  terminal.stdout.write(`${[paint(terminal.stdout, 'bold', title), ...lines].join('\n')}\n`);
  return 0;
}

type Table = [header: string[], rows: string[][]];

function countKinds(catalog: Catalog): Table {
  const rows = kinds.map(({ kind, key, at, layout }) => {
    const entries: readonly object[] = catalog[key];
    const active = entries.filter((entry) => (Reflect.get(entry, 'status') ?? 'active') === 'active').length;
    return [kind, String(entries.length), String(active), layout === 'folder' ? `${at}/` : at];
  });
  return [['kind', 'entries', 'active', 'in'], rows];
}

const text = (value: string | number | undefined): string => (value === undefined ? '' : String(value));
const amount = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(2));

const tables: Record<keyof Catalog, (catalog: Catalog) => Table> = {
  topics: ({ topics }) => [
    ['id', 'pool', 'key', 'partitions', 'kept', 'from', 'to'],
    topics.map(({ id, pool, key, partitions, cleanup, retentionHours, retentionMiB, producers, consumers }) => [
      id,
      pool,
      key,
      text(partitions),
      cleanup === 'compact'
        ? 'last of each key'
        : `${text(retentionHours)} h${retentionMiB === undefined ? '' : `, ${retentionMiB} MiB a partition`}`,
      producers.join(', '),
      consumers.join(', '),
    ]),
  ],
  components: ({ components }) => [
    ['id', 'chart', 'version', 'namespace', 'repository'],
    components.map(({ id, chart, version, namespace, repo }) => [id, chart, version, namespace, repo]),
  ],
  networks: ({ networks }) => [
    ['id', 'name', 'kind', 'chain id', 'phase', 'priority', 'endpoints', 'status'],
    networks.map(({ id, name, kind, chainId, phase, priority, rpc, status }) => [
      id,
      name,
      kind,
      text(chainId),
      text(phase),
      text(priority),
      text(rpc.length),
      status,
    ]),
  ],
  pairs: ({ pairs }) => [
    ['symbol', 'category', 'exchange', 'market', 'exchange symbol', 'tick', 'step', 'priority', 'status'],
    pairs.map(({ symbol, exchangeSymbol, category, exchange, market, tickSize, stepSize, priority, status }) => [
      symbol,
      category,
      exchange,
      market,
      exchangeSymbol ?? symbol,
      tickSize,
      stepSize,
      text(priority),
      status,
    ]),
  ],
  channels: ({ channels }) => [
    ['id', 'platform', 'handle', 'networks', 'status'],
    channels.map(({ id, platform, handle, networks, status }) => [id, platform, handle, networks.join(' '), status]),
  ],
  protocols: ({ protocols }) => [
    ['id', 'name', 'category', 'contracts', 'events', 'status'],
    protocols.map(({ id, name, category, contracts, events, status }) => [
      id,
      name,
      category,
      text(contracts.length),
      text(events.length),
      status,
    ]),
  ],
  pools: ({ pools, machines, services }) => [
    ['id', 'provider', 'regions', 'services', 'at rest', 'full', 'planned', 'budget', 'currency'],
    pools.map((pool) => {
      const currency = pool.budget?.currency;
      const [rest, full] = [costOfPool(pool, machines), costOfPool(pool, machines, 'full')];
      return [
        pool.id,
        pool.provider,
        pool.regions.join(' '),
        text(services.filter((service) => service.pool === pool.id).length),
        currency === undefined ? '' : amount(rest.known[currency]),
        currency === undefined ? '' : amount(full.known[currency]),
        rest.planned === 0 ? '' : amount(rest.planned),
        amount(pool.budget?.monthly),
        text(currency),
      ];
    }),
  ],
  services: ({ services }) => [
    ['id', 'pool', 'ports', 'needs', 'reads', 'replicas', 'released'],
    services.map(({ id, pool, ports, needs, reads, scaling, released }) => [
      id,
      pool,
      ports.map(({ port }) => port).join(' '),
      needs.join(' '),
      reads.join(' '),
      scaling.min === scaling.max ? text(scaling.min) : `${scaling.min}-${scaling.max}`,
      released ? 'yes' : 'no',
    ]),
  ],
  plans: ({ plans }) => [
    ['id', 'name', 'a month', 'currency', 'channels', 'requests a minute'],
    plans.map(({ id, name, price, limits }) => [
      id,
      name,
      price.amount,
      price.currency,
      limits.channels === undefined ? 'no limit' : text(limits.channels),
      limits.requestsPerMinute === undefined ? 'no limit' : text(limits.requestsPerMinute),
    ]),
  ],
  owners: ({ owners }) => [
    ['id', 'name', 'contact', 'alerts to'],
    owners.map(({ id, name, contact, notify }) => [id, name, contact, notify.channel]),
  ],
  machines: ({ machines }) => [
    ['provider', 'type', 'kind', 'vcpu', 'GiB', 'a month', 'an hour', 'currency'],
    machines.map((machine) => {
      const { provider, type, kind, price } = machine;
      const sized = 'vcpu' in machine ? machine : undefined;
      return [
        provider,
        type,
        kind,
        text(sized?.vcpu),
        text(sized?.memoryGiB),
        text(price?.perMonth),
        Object.entries(price?.perHour ?? {})
          .map(([region, perHour]) => `${perHour} ${region}`)
          .join(' '),
        text(price?.currency),
      ];
    }),
  ],
};
