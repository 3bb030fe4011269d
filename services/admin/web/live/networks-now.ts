import { NetworkNow } from '../../../contracts/live-messages.ts';
import { createCheck } from '../answers/check.ts';
import type { LiveSocket } from './live-socket.ts';
import type { LiveStore } from './live-store.ts';

const checkNow = createCheck(NetworkNow);

/** Keeps `store` at how every network of the catalog is now, those of later included. Returns how to end that. */
export function followNetworks(socket: LiveSocket, store: LiveStore<NetworkNow>): () => void {
  const what = { channel: 'networks', networks: ['*'] };
  return socket.want({
    key: 'networks',
    subscribe: () => ({ op: 'subscribe', ...what }),
    unsubscribe: () => ({ op: 'unsubscribe', ...what }),
    isFor: ({ channel }) => channel === 'networks',
    onMessage: (message) => {
      if (message.type === 'network') {
        const now = checkNow(message);
        store.set(now.network, now);
      }
      if (message.type === 'removed' && typeof message.network === 'string') store.delete(message.network);
    },
  });
}
