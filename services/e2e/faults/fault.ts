import type { Bed, StoreServers } from '../bed.ts';
import type { Platform } from '../platform.ts';

/** What a fault works on: services as processes over real stores, under traffic. */
export interface FaultContext {
  readonly bed: Bed;
  readonly many: Platform;
  readonly servers: StoreServers;
  /** Does something while nothing is sent to the chains. */
  readonly whileQuiet: <T>(work: () => Promise<T>) => Promise<T>;
  readonly random: () => number;
  readonly tell: (line: string) => void;
  /** How long a sink that is stalled stays so. */
  readonly stallMs: number;
  readonly rounds: number;
}

/** Something that goes wrong. When it is over the stores must hold what the sources say, nothing lost and nothing doubled. */
export interface Fault {
  readonly name: string;
  readonly what: string;
  /** Why it cannot be tried on this machine; undefined when it can. */
  whyNot?(): string | undefined;
  /** Resolves once the cause is over; what else it saw wrong is in the list. */
  run(context: FaultContext): Promise<readonly string[]>;
}
