import { useEffect, useState } from 'react';
import { ChainNews, GasNow } from '../../../contracts/live-messages.ts';
import { createCheck } from '../answers/check.ts';
import { afterNews, askedAnew, type ChainView, emptyChain } from './chain-view.ts';
import { createEachFrame } from './each-frame.ts';
import { useLiveSocket } from './live-context.tsx';

const checkNews = createCheck(ChainNews);
const checkGas = createCheck(GasNow);

/** The end of a network's chain as it happens; after a loss of the connection it goes on where it was. */
export function useChain(network: string): ChainView {
  const socket = useLiveSocket();
  const [shown, setShown] = useState(emptyChain);
  useEffect(() => {
    let view = emptyChain;
    const frame = createEachFrame(() => setShown(view));
    setShown(view);
    const of = { channel: 'blocks', networks: [network] };
    const stop = socket.want({
      key: `blocks ${network}`,
      subscribe: () => {
        view = askedAnew(view);
        frame.draw();
        return {
          ...{ op: 'subscribe', ...of },
          ...(view.chainSeq > 0 ? { resume: { [network]: view.chainSeq } } : {}),
        };
      },
      unsubscribe: () => ({ op: 'unsubscribe', ...of }),
      isFor: (message) => message.channel === 'blocks' && message.network === network,
      onMessage: (message) => {
        view = afterNews(view, checkNews(message), Date.now());
        frame.draw();
      },
    });
    return () => {
      stop();
      frame.end();
    };
  }, [socket, network]);
  return shown;
}

/** What the newest block of a network cost; undefined until it was told. */
export function useGasNow(network: string): GasNow | undefined {
  const socket = useLiveSocket();
  const [gas, setGas] = useState<GasNow>();
  useEffect(() => {
    setGas(undefined);
    const of = { channel: 'gas', networks: [network] };
    return socket.want({
      key: `gas ${network}`,
      subscribe: () => {
        // It is told at once, if it is known: what was told before may be long ago.
        setGas(undefined);
        return { op: 'subscribe', ...of };
      },
      unsubscribe: () => ({ op: 'unsubscribe', ...of }),
      isFor: (message) => message.channel === 'gas' && message.network === network && message.type === 'gas',
      onMessage: (message) => setGas(checkGas(message)),
    });
  }, [socket, network]);
  return gas;
}
