import { describe, expect, test } from 'vitest';
import { BadAnswer } from '../evm/bad-answer.ts';
import { createEndpoint, type Endpoint } from './endpoint.ts';
import { createEndpointPool, NoEndpoint, type Wish } from './endpoint-pool.ts';
import { EndpointFault } from './fault.ts';

const { signal } = new AbortController();
const anyone: Wish = { suits: () => true, patienceMs: 0, signal };

describe(createEndpointPool, () => {
  test('goes on to the next endpoint when one fails, and writes the fault down', async () => {
    const { pool, a, b, faults } = poolOf();
    const used = await pool.use(async (endpoint) => {
      if (endpoint === a) throw new EndpointFault('server_error', 'HTTP 500');
      return endpoint.host;
    }, anyone);
    expect(used).toBe(b.host);
    expect(faults).toEqual(['a server_error']);
    expect(a.report()).toMatchObject({ state: 'resting', reason: 'server_error: HTTP 500' });
  });

  test('takes an answer that does not hang together for a fault of its endpoint', async () => {
    const { pool, a, faults } = poolOf();
    await pool.use(async (endpoint) => {
      if (endpoint === a) throw new BadAnswer('receipts of another block');
    }, anyone);
    expect(faults).toEqual(['a bad_answer']);
  });

  test('says of each endpoint why it could not be used', async () => {
    const { pool } = poolOf();
    const failing = pool.use(async (endpoint) => {
      throw new EndpointFault('server_error', `HTTP 50${endpoint.host === 'a' ? 0 : 3}`);
    }, anyone);
    await expect(failing).rejects.toThrow('a: server_error: HTTP 500; b: server_error: HTTP 503');
  });

  test('waits for endpoints that rest as long as it may', async () => {
    const { pool, a, b } = poolOf();
    for (const each of [a, b]) each.failed(new EndpointFault('server_error', 'down'));
    const from = performance.now();
    expect(await pool.use(async () => 'up again', { ...anyone, patienceMs: 5000 })).toBe('up again');
    expect(performance.now() - from).toBeGreaterThan(300);
    a.failed(new EndpointFault('server_error', 'down'));
    b.failed(new EndpointFault('server_error', 'down'));
    await expect(pool.use(async () => 'no', { ...anyone, patienceMs: 100 })).rejects.toThrow(NoEndpoint);
  });

  test('does not wait when all say that they have not got it', async () => {
    const { pool } = poolOf();
    let asked = 0;
    const asking = pool.use(
      async () => {
        asked++;
        throw new EndpointFault('missing', 'no block');
      },
      { ...anyone, patienceMs: 60_000 },
    );
    await expect(asking).rejects.toThrow(NoEndpoint);
    expect(asked).toBe(2);
  });

  test('asks only endpoints that suit', async () => {
    const { pool, b } = poolOf();
    expect(await pool.use(async (endpoint) => endpoint.host, { ...anyone, suits: (each) => each === b })).toBe('b');
    await expect(pool.use(async () => 'no', { ...anyone, suits: () => false, patienceMs: 60_000 })).rejects.toThrow(
      NoEndpoint,
    );
  });

  test('asks the same endpoint again at once when it said how it wants to be asked', async () => {
    const { pool, a } = poolOf();
    const sizes: number[] = [];
    await pool.ask(a, async () => {
      const { blocks } = a.appetite();
      sizes.push(blocks);
      if (blocks <= 5) return;
      a.refusesSize({ blocks, calls: 2 * blocks, callsMax: undefined });
      throw new EndpointFault('too_large', 'too large');
    });
    expect(sizes).toEqual([20, 10, 5]);
    expect(a.availableAtMs()).toBeLessThanOrEqual(performance.now());
    expect(a.report().errors).toBe(2);
  });

  test('does not ask without end for what is too large even alone', async () => {
    const { pool, a } = poolOf();
    const asking = pool.ask(a, async () => {
      a.refusesSize({ blocks: a.appetite().blocks, calls: 2, callsMax: undefined });
      throw new EndpointFault('too_large', 'too large');
    });
    await expect(asking).rejects.toThrow('too large');
    expect(a.availableAtMs()).toBeGreaterThan(performance.now());
  });

  test('checks who an endpoint is once, also when many ask at once, and uses none that fails', async () => {
    let checks = 0;
    const { pool, a, b, faults } = poolOf(async (endpoint) => {
      checks++;
      await Promise.resolve();
      if (endpoint.host === 'a') throw new EndpointFault('wrong_chain', 'it serves chain id 5, not 1');
      endpoint.admit(null);
    });
    const used = await Promise.all(
      Array.from({ length: 5 }, () => pool.use(async (endpoint) => endpoint.host, anyone)),
    );
    expect(used).toEqual(['b', 'b', 'b', 'b', 'b']);
    expect(checks).toBe(2);
    expect(faults).toEqual(['a wrong_chain']);
    expect(a.report().state).toBe('refused');
    expect(b.admitted).toBe(true);
  });

  test('throws what is no endpoint fault as it is', async () => {
    const { pool } = poolOf();
    await expect(pool.use(async () => Promise.reject(new TypeError('a defect')), anyone)).rejects.toThrow(TypeError);
    await expect(pool.askAll(async () => Promise.reject(new TypeError('a defect')), 10, signal)).rejects.toThrow(
      TypeError,
    );
  });

  test('stops waiting when it is told to', async () => {
    const { pool, a, b } = poolOf();
    for (const each of [a, b]) each.failed(new EndpointFault('server_error', 'down', { retryAfterMs: 60_000 }));
    const abort = new AbortController();
    const waiting = pool.use(async () => 'no', { suits: () => true, patienceMs: 600_000, signal: abort.signal });
    setTimeout(() => abort.abort(new Error('stopped')), 20);
    const from = performance.now();
    await expect(waiting).rejects.toThrow();
    expect(performance.now() - from).toBeLessThan(5_000);
  });

  test('prefers endpoints that are quick and have room', async () => {
    const { pool, a, b } = poolOf();
    a.answered({ tookMs: 500, size: 1, blocks: 0, calls: 1 });
    b.answered({ tookMs: 5, size: 1, blocks: 0, calls: 1 });
    expect(await pool.use(async (endpoint) => endpoint.host, anyone)).toBe('b');
    b.inFlight = 300;
    expect(await pool.use(async (endpoint) => endpoint.host, anyone)).toBe('a');
  });

  test('asks all, and does not wait for a slow one longer than its grace, nor asks it again before it answered', async () => {
    const { pool, b } = poolOf();
    let slow = (): void => undefined;
    const asked: string[] = [];
    const work = async (endpoint: Endpoint): Promise<string> => {
      asked.push(endpoint.host);
      if (endpoint === b) await new Promise<void>((resolve) => (slow = resolve));
      return endpoint.host;
    };
    expect(await pool.askAll(work, 20, signal)).toEqual(['a']);
    expect(await pool.askAll(work, 20, signal)).toEqual(['a']);
    expect(asked).toEqual(['a', 'b', 'a']);
    slow();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const both = pool.askAll(work, 1000, signal);
    slow();
    expect(await both).toEqual(['a', 'b']);
  });
});

function poolOf(admit = async (endpoint: Endpoint) => endpoint.admit(null)) {
  const [a, b] = ['http://a/', 'http://b/'].map((url) => createEndpoint(url, { blocksMax: 100 })) as [
    Endpoint,
    Endpoint,
  ];
  const faults: string[] = [];
  const pool = createEndpointPool([a, b], {
    admit,
    onFault: (endpoint, fault) => faults.push(`${endpoint.host} ${fault.kind}`),
  });
  return { pool, a, b, faults };
}
