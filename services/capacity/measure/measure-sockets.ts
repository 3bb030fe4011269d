import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { WebSocket, WebSocketServer } from 'ws';

const clients = 500;
const rounds = 150;
const warmUpRounds = 30;

/** Run as a process of its own, so that what clients cost is not on the server's account. */
if (process.argv[2] === 'clients') openClients(process.argv[3] ?? '');

/** What it costs to send 1 kB to a WebSocket client, and to have one. */
export async function measureSockets(tell: (line: string) => void): Promise<void> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const before = process.memoryUsage().rss;
  const child = fork(fileURLToPath(import.meta.url), ['clients', `ws://127.0.0.1:${port}`]);
  await once(child, 'message');
  const after = process.memoryUsage().rss;
  const text = 'x'.repeat(1000);
  const send = async (times: number): Promise<void> => {
    for (let round = 0; round < times; round++) {
      for (const client of server.clients) client.send(text);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await send(warmUpRounds);
  const from = process.cpuUsage();
  await send(rounds);
  const { user, system } = process.cpuUsage(from);
  tell(
    `${'message of 1 kB to a WebSocket client'.padEnd(64)} ms: here ${((user + system) / 1000 / rounds / clients).toFixed(4)}`,
  );
  tell(`${'WebSocket client'.padEnd(64)} KiB: ${((after - before) / 1024 / clients).toFixed(0)}`);
  child.kill();
  for (const client of server.clients) client.terminate();
  server.close();
}

function openClients(url: string): void {
  let open = 0;
  for (let client = 0; client < clients; client++) {
    const socket = new WebSocket(url);
    socket.on('open', () => {
      open++;
      if (open === clients) process.send?.('open');
    });
    socket.on('message', () => undefined);
  }
}
