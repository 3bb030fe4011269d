import { type Break, breaksOf } from './breaks.ts';
import { demandOf } from './demand.ts';
import { type Plan, planOf } from './model.ts';
import type { PlanningCatalog } from './planning.ts';
import { type Sharding, shardingOf } from './sharding.ts';
import { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts';

export interface Size {
  readonly networks: number;
  readonly pairs: number;
}

/** Those of the issue. */
export const sizes: readonly Size[] = [
  { networks: 50, pairs: 200 },
  { networks: 500, pairs: 2000 },
  { networks: 5000, pairs: 20_000 },
];

export interface Study {
  readonly size: Size;
  readonly plan: Plan;
  readonly breaks: readonly Break[];
  readonly sharding: Sharding;
  /** Of chain.blocks, in the catalog. */
  readonly partitionsNow: number;
  readonly simulated: {
    readonly planned: SimulationResult;
    /** With half the replicas; undefined where the plan has one. */
    readonly half: SimulationResult | undefined;
    /** With the partitions that the catalog has. */
    readonly now: SimulationResult;
    readonly killed: SimulationResult;
  };
}

/** Five minutes of made-up time; a member is killed in the third, and back a minute later. */
const seconds = 300;
const kill = { atSeconds: 120, backAfterSeconds: 60 };

/** One size, by the model and by the simulation. */
export function studyOf(catalog: PlanningCatalog, size: Size): Study {
  const demand = demandOf(size);
  const plan = planOf(demand, catalog);
  const { partitions, replicas } = plan.stream;
  const options = simulationOf(plan);
  const partitionsNow = catalog.topics.find(({ id }) => id === 'chain.blocks')?.partitions ?? partitions;
  const shardSize = catalog.services.find(({ id }) => id === 'chain-sync')?.shards?.size ?? 50;
  return {
    ...{ size, plan, breaks: breaksOf(plan, catalog), sharding: shardingOf(demand.networks, shardSize), partitionsNow },
    simulated: {
      planned: simulate(options),
      half: replicas < 2 ? undefined : simulate({ ...options, replicas: Math.floor(replicas / 2) }),
      now: simulate({ ...options, partitions: partitionsNow }),
      killed: simulate({ ...options, kill }),
    },
  };
}

export function simulationOf({ demand, shards, stream }: Plan): SimulationOptions {
  return {
    ...{ networks: demand.networks, partitions: stream.partitions, replicas: stream.replicas, seconds },
    windowsBusy: stream.windows.busyTotal,
    shards: shards.map(({ networks }) => networks.map(({ id }) => id)),
  };
}
