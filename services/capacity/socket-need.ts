import { socketDefaults } from '../runtime/socket/socket-route.ts';
import { costs } from './costs.ts';
import { targetUtilisation } from './need.ts';

/** How many WebSocket clients one replica bears. */
export interface SocketNeed {
  /** By what they are sent; memory would bear three times as many. */
  readonly byCpu: number;
  /** More are refused. */
  readonly byProgram: number;
  /** The lower one. */
  readonly clients: number;
  readonly by: 'CPU' | 'the program';
}

export function socketNeed(): SocketNeed {
  const { socketMs, messagesPerClient } = costs.api;
  const byCpu = Math.floor((1000 * targetUtilisation) / (socketMs.value * messagesPerClient.value) / 100) * 100;
  const byProgram = socketDefaults.connectionsMax;
  return { byCpu, byProgram, clients: Math.min(byCpu, byProgram), by: byCpu < byProgram ? 'CPU' : 'the program' };
}
