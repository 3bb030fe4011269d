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
    subscribe: () => {
      // All of them are told at once. What was told on a connection before may be of a network that is gone.
      store.clear();
      return { op: 'subscribe', ...what };
    },
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
