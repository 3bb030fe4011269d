import type { Logger } from 'pino';
import { describeError } from '../../runtime/errors.ts';
import type { ChainEnd } from './chain-reads.ts';

/** Reads the ends of chains for all who ask, many networks in one query and one query at a time. */
export interface ChainEndLoader {
  /** Resolves once the end of the network was read after now; it is tried for as long as that takes. Also when the loader stops. */
  load(network: string): Promise<void>;
  stop(): Promise<void>;
}

const networksMax = 50;

export function createChainEndLoader(deps: {
  readonly read: (networks: readonly string[]) => Promise<readonly ChainEnd[]>;
  /** `end` is undefined when the store knows nothing of the network. */
  readonly take: (network: string, end: ChainEnd | undefined) => void;
  readonly retryMs: number;
  readonly log: Logger;
}): ChainEndLoader {
  const wanted = new Map<string, (() => void)[]>();
  let running: Promise<void> | undefined;
  let wake = (): void => undefined;
  let stopped = false;

  async function run(): Promise<void> {
    while (wanted.size > 0 && !stopped) {
      const batch = [...wanted].slice(0, networksMax);
      for (const [network] of batch) wanted.delete(network);
      try {
        const ends = new Map((await deps.read(batch.map(([network]) => network))).map((end) => [end.network, end]));
        for (const [network, waiting] of batch) {
          deps.take(network, ends.get(network));
          for (const done of waiting) done();
        }
      } catch (error) {
        deps.log.warn({ reason: describeError(error) }, 'ends of chains could not be read, trying again');
        for (const [network, waiting] of batch) wanted.set(network, [...waiting, ...(wanted.get(network) ?? [])]);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, deps.retryMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
          if (stopped) wake();
        });
      }
    }
    for (const waiting of wanted.values()) for (const done of waiting) done();
    wanted.clear();
    running = undefined;
  }

  return {
    load: (network) => {
      if (stopped) return Promise.resolve();
      return new Promise((resolve) => {
        const waiting = wanted.get(network);
        if (waiting === undefined) wanted.set(network, [resolve]);
        else waiting.push(resolve);
        // Once all who ask at this moment have done so.
        running ??= Promise.resolve().then(run);
      });
    },
    stop: async () => {
      stopped = true;
      wake();
      await running;
    },
  };
}
