import type { Sender } from '../../runtime/socket/sender.ts';
import type { LiveMarket } from '../live/live-market.ts';

/** Gaps concern all channels of a symbol, and are told once for all subscriptions of a connection to it. */
export interface GapFollows {
  begin(symbol: string): void;
  end(symbol: string): void;
}

export function createGapFollows(live: Pick<LiveMarket, 'followGaps'>, sender: Pick<Sender, 'send'>): GapFollows {
  const follows = new Map<string, { count: number; readonly stop: () => void }>();
  return {
    begin: (symbol) => {
      const followed = follows.get(symbol);
      if (followed !== undefined) {
        followed.count += 1;
        return;
      }
      const stop = live.followGaps(symbol, (text) => sender.send(`"type":"gap","symbol":"${symbol}",${text}`));
      follows.set(symbol, { count: 1, stop });
    },
    end: (symbol) => {
      const followed = follows.get(symbol);
      if (followed === undefined) return;
      followed.count -= 1;
      if (followed.count > 0) return;
      followed.stop();
      follows.delete(symbol);
    },
  };
}
