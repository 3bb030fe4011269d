import { costs } from './costs.ts';
import { traffic } from './demand.ts';
import { count, figure, percent } from './markdown.ts';
import { diskShareMax, targetUtilisation } from './need.ts';
import type { Keeping } from './planning.ts';
import {
  windowPaceSeconds as pace,
  partitionsAtATime,
  pollSeconds,
  sessionTimeoutSeconds,
  statementsAtATime,
  windowRestFactor,
} from './program.ts';
import {
  renderBinance,
  renderBreaks,
  renderCosts,
  renderNeeds,
  renderSharding,
  renderSimulations,
} from './render-tables.ts';
import { usual } from './simulate-sources.ts';
import type { Study } from './sizes.ts';
import { socketNeed } from './socket-need.ts';
import { diskPerServerGBMax, partitionDays } from './store-need.ts';
import { windowNeed } from './window-need.ts';

/** The tables, for a terminal. */
export function renderReport(studies: readonly Study[]): string {
  const breaks = studies.map((study) => `What breaks at ${titleOf(study)}\n\n${renderBreaks(study)}\n`);
  return [renderNeeds(studies), '', ...breaks, renderSimulations(studies), '', renderSharding(studies), ''].join('\n');
}

/** services/CAPACITY.md, whole. */
export function renderDocument(studies: readonly Study[]): string {
  const perSize = (of: (study: Study) => string): string => studies.map(of).join(', ');
  return `# Capacity

What fifty, five hundred and five thousand networks and two hundred, two thousand and twenty thousand pairs need, from what a block, a
message and a row were measured to cost. Everything here is printed by \`npm run capacity\`, and this file is written by
\`npm run capacity -- --write\`; a test fails when it is stale. \`--networks N --pairs N\` takes any other size.

## What is needed

${renderNeeds(studies)}

All of it with room: nothing is busy for more than ${percent(targetUtilisation)} of the time in the mean, and no disk is fuller than ${percent(diskShareMax)}. Money is at the list prices of \`catalog/machines\`, without
load balancers and traffic whose prices are not known there; nodes are those that the sum of what is asked fits, however it packs.

## What breaks first

With the catalog as it is today: how many times each limit is passed, and the line that moves it. The first row is what breaks first.
${studies.map((study) => `\n### ${titleOf(study)}\n\n${renderBreaks(study)}\n`).join('')}
In words: **at the catalog's own size nothing breaks**, which a test holds for its networks and pairs as they are: who adds those that
break something sees it in the merge request. Disks break first beyond: PostgreSQL keeps a chain's rows for ${keepsOf(studies).relationalDays} days and ClickHouse for ${keepsOf(studies).timeseriesDays}
(\`sync.retention\` of production), Kafka what \`topics.yaml\` says, by time or by size, whichever comes first, and that is bounded by its disk
(rule CAT109): there it is not the disk that breaks, but time that gets short. Of chain.blocks time comes first in the mean
partition, and size in the busiest. Who was away for longer than a topic keeps is given its rows by PostgreSQL: \`npm run rebuild\`.

**What costs CPU is not rows but windows**: one computation of a network's minutes, hours or days takes ClickHouse some ${costs.clickhouse.windowMs.value} ms of CPU,
whether the network had one transaction since or a hundred, and raw rows of a commit ${costs.clickhouse.commitMs.value}. The pace is ${pace.minute} s for minutes, ${pace.hour} s for hours and
${pace.day} s for days, and a network's commits are ${pollSeconds} s apart. The pace is what saves machines: were hours computed every ten seconds and days every
fifteen, as on a laptop, windows would take ${perSize((study) => figure(fastWindows(study)))} cores of ClickHouse at these sizes instead of ${perSize(({ plan }) => figure(plan.stream.windows.cores))}. The plan
holds the pace. With fewer processes nothing breaks, as each has ${statementsAtATime} statements under way at most: windows come later, and rows as they did.

**Nothing of the program grows by networks times processes**: what another process left is searched for by the one that the network's
messages come to, which takes ${perSize(({ plan }) => figure(plan.stream.windows.searchCores))} cores at these sizes, and tables are parted by time. Of what breaks at five thousand
networks two things take more than lines of the catalog: PostgreSQL, once one writer is not enough, and exchanges beside Binance.

## In simulation

The stream from a commit in PostgreSQL to its rows and marks in ClickHouse, event by event, with the measured costs as service
times: networks that are polled each at its own phase, bursts (${percent(usual.burstChance)} of the polls, ${usual.burstFactor} times the transactions), reorgs (${percent(usual.reorgChance)}), networks that
fill their history (${percent(usual.backfilling)}), a relay for each shard, keys on partitions by Kafka's own hash, members of the group with ${partitionsAtATime} batches in
hand each, and a member that is killed after two minutes: its partitions are nobody's for ${sessionTimeoutSeconds} s, then all members rest while they share
anew, and once more when it is back a minute later. Five minutes, one seed, the same figures every time.

${renderSimulations(studies)}

_busy_: of the batches that may be in hand; _hottest_: the busiest partition, of its time; _waiting_: commits that are not stored at the
end; _fine after_: how long after the kill the last commit was stored that was older than five seconds. The lag starts at the commit:
until then a block waits for the next poll, up to ${pollSeconds} s by the brief's interval, which is more than all the rest.

Windows are not in the lag: they follow at their pace. But they are in the replicas, and have their share of the ${statementsAtATime} statements that a process
has under way, which batches wait for.

What it shows: the plan's replicas keep 99 of 100 commits below two seconds, and half of them do too: it is windows that take the rest,
and that would come later than their pace. Partitions matter more: keys spread unevenly, and with too few of them the hottest
never rests, whatever the replicas. One that dies is made up for within half a minute, as long as there are others.

## Shards of chain-sync

The generator makes a workload for each shard of \`shards: { of: networks, size: 50 }\` (\`catalog/shards.ts\`): by tier, so that a critical
network never waits for others, and within a tier by halves (extendible hashing). \`size\` is what a shard can bear, not what it should
have: shards are some six tenths full. One network was added two hundred times, each time to the same others.

${renderSharding(studies)}

_moves any_: how often another network changed its shard; _changed most_: workloads with another slice than before, which alone are
rolled. Calls, requests and core are those of the busiest shard: 20 requests at once and 25 calls a second and network are its budget
in production. A shard could bear five times as many networks by CPU; it is the number of networks that one crash may stop that speaks for fifty.

## How it is computed

- **Demand.** The first networks are those of the catalog of 2026-11-21 that chain-sync can follow, all of them (production follows those of priority 6
  and more), with their block times; those of further networks are drawn from these. Transactions a second of the n-th network
  are ${traffic.busiestTxsPerSecond} · n^-${traffic.exponent}, but ${traffic.txsPerBlockMin} a block at least; each has two logs. 1,000 requests a second and 1,000 WebSocket clients at every size: a replica
  bears ${count(socketNeed().byCpu)} clients by CPU, and refuses more than ${count(socketNeed().byProgram)}, of which the lower counts.
- **Commits** of a network: one a poll, or one a block where blocks are further apart: 1 / max(${pollSeconds} s, block time).
- **chain-sync** of a shard, of one core: polls · c_poll + commits · c_commit + blocks · c_block + transactions · c_tx, and its relay.
- **RPC**: 3 calls a poll and endpoint, 2 a block; requests at once by Little's law.
- **Partitions**: the fewest (multiples of twelve) of which the hottest, by the real hash of the real keys, is busy for ${percent(targetUtilisation)}, and no fewer
  than stream processors; a batch takes what it costs in the processor and in ClickHouse, one statement after the other: raw rows and marks.
- **Windows** of a network and size: one computation every max(1 / commits, t + max(pace, rest · t)), where t is what it takes: some statements, and
  for hours and days the transactions of half of one. A rest is ${windowRestFactor.minute} t for minutes, ${windowRestFactor.hour} t for the others.
- **Stream processors**: the largest of batches in hand / (${partitionsAtATime} · ${targetUtilisation}), batches and windows under way / (${statementsAtATime} · ${targetUtilisation}), windows of one
  size under way / ${targetUtilisation} (a process computes one at a time), and busy cores / ${targetUtilisation}.
- **ClickHouse**: the larger of busy cores / (8 · ${targetUtilisation}) and disk / (${count(diskPerServerGBMax)} GB · ${diskShareMax}); two copies as soon as there are shards. Raw rows
  for ${keepsOf(studies).timeseriesDays} days and ${partitionDays} more, as they go by whole fortnights; bars of a second for 30 days; windows and bars of minutes, which stay, of a year.
- **PostgreSQL**: the larger of busy cores / (8 · ${targetUtilisation}) and disk / (${count(diskPerServerGBMax)} GB · ${diskShareMax}). One PostgreSQL has one writer: more of them is a pool for each tier, or
  for a hash of the network, each with its own chain-sync, relay and topic; the APIs would have to ask each network's. ClickHouse stays one.
- **Kafka**: of each partition, by the real hash of its keys, what comes first of \`retentionHours\` and \`retentionMiB\`, but a day at least;
  3 copies; brokers by disk, and by 5 · MB/s: in once, out to two copies and two groups.
- **Collectors**: pairs / 50; a start takes pairs · 50 of request weight.

## What a unit costs

${renderCosts()}

## The physical limits beside

- A public endpoint: production's 25 calls a second and network. A block time of 0.25 s takes 8 for blocks and 0.5 for polls; at 0.1 s it is 20.
  Without \`eth_getBlockReceipts\` each transaction is a call: no public endpoint bears a busy network that way.
- ${renderBinance()}. A book is not live before its snapshot.
- Binance has some 2,500 symbols on its three markets: twenty thousand pairs are several exchanges.
- One core bears some 800 pairs of ten updates a second. COPY into PostgreSQL took 123,000 rows a second of the market's on two cores: some 20,000 pairs with
  joined updates.
- Node has one core: 1,000 ms of it a second are the limit of each process, whatever its machine.

## What is not in the model

- **Guesses** are marked so above: endpoints' answer times, what a broker on a network volume takes, how often a client is sent something, how many
  symbols exchanges have. The traffic of networks is ours to assume too: the catalog does not know it.
- History: it is filled as far back as rows are kept, ${keepsOf(studies).relationalDays} days, once: as many rows as that, as fast as the endpoints give them.
- ClickHouse is as fast for many as for one as long as it has the cores; merges of small parts are in its measured CPU only for the
  seconds after an insert. Queries of analysts are not in it.
- What hours and days read was measured with 48,000 transactions, and a busy network's days have millions: of these the rest, a twentieth
  of the time each, is all that bounds them.
- CPU of chain-sync, relay and PostgreSQL was measured on a machine that was busy with other work: a quiet one of the same kind needs less, perhaps
  two thirds. That of windows, rows and the API was measured on a quiet one.
- kafkajs' own work for a message, beside its JSON; Redis, which has little to do.
- Zones, traffic between them and out, backups (\`catalog/pools\` pays for those), and people.
`;
}

/** Cores of ClickHouse, at the pace of a laptop. */
function fastWindows({ plan }: Study): number {
  return windowNeed(plan.demand.networks, { ...pace, hour: 10, day: 15 }).cores;
}

function keepsOf([study]: readonly Study[]): Keeping {
  if (study === undefined) throw new RangeError('no size is given');
  return study.plan.keeps;
}

function titleOf({ size }: Study): string {
  return `${count(size.networks)} networks, ${count(size.pairs)} pairs`;
}
