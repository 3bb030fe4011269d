import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { NetworkNow } from '../../../contracts/live-messages.ts';
import { type Connection, createLiveSocket, type LiveSocket } from './live-socket.ts';
import { createLiveStore, type LiveStore } from './live-store.ts';
import { followNetworks } from './networks-now.ts';

/** The one connection to the analytics API that all pages share, and what comes over it on every page. */
interface Live {
  readonly socket: LiveSocket;
  readonly networks: LiveStore<NetworkNow>;
}

const LiveContext = createContext<Live | undefined>(undefined);

/** The address of a service's WebSocket, by way of the dashboard's own server. */
export function socketUrl(service: 'analytics' | 'market'): string {
  const url = new URL(`${import.meta.env.BASE_URL}api/${service}/ws`, window.location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** Opens a WebSocket of a service and keeps it open. */
export function openSocket(service: 'analytics' | 'market'): LiveSocket {
  return createLiveSocket({ open: () => new WebSocket(socketUrl(service)), clock: Date.now, random: Math.random });
}

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const [live, setLive] = useState<Live>();
  useEffect(() => {
    const socket = openSocket('analytics');
    const networks = createLiveStore<NetworkNow>(calmly);
    const unfollow = followNetworks(socket, networks);
    setLive({ socket, networks });
    return () => {
      unfollow();
      socket.close();
    };
  }, []);
  return live === undefined ? null : <LiveContext value={live}>{children}</LiveContext>;
}

/** Of 500 networks something changes in every frame, and nobody reads faster than this. */
function calmly(run: () => void): void {
  setTimeout(run, 250);
}

function useLive(): Live {
  const live = useContext(LiveContext);
  if (live === undefined) throw new Error('outside of LiveProvider');
  return live;
}

export function useLiveSocket(): LiveSocket {
  return useLive().socket;
}

export function useConnection(socket: LiveSocket): Connection {
  return useSyncExternalStore(socket.onConnection, socket.connection);
}

/** How a network is now; undefined until it was told. */
export function useNetworkNow(id: string): NetworkNow | undefined {
  const { networks } = useLive();
  return useSyncExternalStore(
    (listener) => networks.subscribe(id, listener),
    () => networks.get(id),
  );
}

/** How all networks are now. */
export function useNetworksNow(): ReadonlyMap<string, NetworkNow> {
  const { networks } = useLive();
  return useSyncExternalStore((listener) => networks.subscribe(undefined, listener), networks.all);
}
