import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { StatusAnswer } from '../contracts/admin-answers.ts';
import { digest, statusOf } from './admin-fixture.ts';
import { createProcesses, type ProcessesOptions } from './processes.ts';

describe(createProcesses.name, () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
  async function serve(status: unknown, host = '127.0.0.1', port = 0): Promise<string> {
    const server = createServer((request, response) => {
      if (request.url === '/status' && status !== undefined) response.end(JSON.stringify(status));
      else if (status === null) return;
      else response.writeHead(404).end('here are GET /metrics');
    });
    servers.push(server);
    server.listen(port, host);
    await once(server, 'listening');
    return `http://${host}:${(server.address() as AddressInfo).port}`;
  }

  it('asks each process, and says of those that give no answer why', async () => {
    const well = await serve(statusOf({ service: 'chain-sync', shard: 'critical' }));
    const old = await serve(undefined);
    const foreign = await serve({ hello: 'world' });
    const gone = await serve(undefined);
    const last = servers.pop();
    await new Promise((resolve) => last?.close(resolve));

    const { processes, problems } = await ask({ opsUrls: [well, old, foreign, gone] });

    const byAddress = new Map(processes.map((one) => [one.address, one]));
    expect(byAddress.get(well)).toMatchObject({ reachable: true, asExpected: true, status: { shard: 'critical' } });
    expect(byAddress.get(old)).toMatchObject({ reachable: false, error: expect.stringContaining('404') });
    expect(byAddress.get(foreign)).toMatchObject({
      reachable: false,
      error: expect.stringContaining('not understood'),
    });
    expect(byAddress.get(gone)).toMatchObject({ reachable: false, status: null, asExpected: null });
    expect(problems).toEqual([]);
  });

  it('asks every address of a name, and tells of a name that has none', async () => {
    const one = await serve(statusOf(), '127.0.0.1');
    const { port } = new URL(one);
    await serve(statusOf({ catalog: null }), '127.0.0.2', Number(port));

    const { processes, problems } = await ask({
      opsUrls: [`http://chain-sync.analytics.svc:${port}`, 'http://nobody:9464'],
      addressesOf: async (host) => {
        if (host === 'nobody') throw new Error('getaddrinfo ENOTFOUND nobody');
        return ['127.0.0.1', '127.0.0.2'];
      },
    });

    expect(processes.map(({ address, asExpected }) => [address, asExpected])).toEqual([
      [`http://127.0.0.1:${port}`, true],
      [`http://127.0.0.2:${port}`, null],
    ]);
    expect(problems).toEqual([expect.stringContaining('http://nobody:9464: getaddrinfo ENOTFOUND')]);
  });

  it('takes what it knows of a younger process, and leaves out the rest', async () => {
    const status = statusOf();
    const young = await serve({ ...status, mood: 'fine', catalog: { ...status.catalog, colour: 'red' } });

    const { processes } = await ask({ opsUrls: [young] });

    expect(processes).toMatchObject([{ reachable: true, status }]);
    expect(processes[0]?.status).not.toHaveProperty('mood');
  });

  it('does not wait for a name that is not resolved', async () => {
    const one = await serve(statusOf());

    const { processes, problems } = await ask({
      opsUrls: [one, 'http://lost.analytics.svc:9464'],
      addressesOf: () => new Promise(() => undefined),
      timeoutMs: 1_000,
    });

    expect(processes).toMatchObject([{ address: one }]);
    expect(problems).toEqual(['http://lost.analytics.svc:9464: its name was not resolved in time']);
  });

  it('gives up one that does not answer, and answers all who ask meanwhile by one look', async () => {
    let looks = 0;
    const server = createServer(() => {
      looks++;
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const silent = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const read = createProcesses(optionsOf({ opsUrls: [silent], timeoutMs: 100 }));

    const [first, second] = await Promise.all([read(), read()]);

    expect(first.processes).toMatchObject([{ reachable: false, error: 'no answer in time' }]);
    expect(second).toBe(first);
    expect(looks).toBe(1);
  });
});

function optionsOf(changed: Partial<ProcessesOptions>): ProcessesOptions {
  return {
    opsUrls: undefined,
    ownStatus: async () => statusOf(),
    ownUrl: 'http://127.0.0.1:9464',
    expectedDigest: async (_status: StatusAnswer) => digest,
    clock: Date.now,
    timeoutMs: 10_000,
    ...changed,
  };
}

function ask(changed: Partial<ProcessesOptions>) {
  return createProcesses(optionsOf(changed))();
}
