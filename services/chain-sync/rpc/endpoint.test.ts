import { describe, expect, test } from 'vitest';
import { createEndpoint, type Endpoint, type EndpointOptions } from './endpoint.ts';
import { EndpointFault, type FaultKind } from './fault.ts';

describe(createEndpoint, () => {
  test('rests twice as long after each failure in a row, up to its longest rest', () => {
    const { endpoint, clock } = endpointOf({ restMaxMs: 4000 });
    for (const expected of [500, 1000, 2000, 4000, 4000]) {
      endpoint.failed(faultOf('unreachable'));
      const rest = endpoint.availableAtMs() - clock.now;
      expect(rest).toBeGreaterThanOrEqual(expected * 0.75);
      expect(rest).toBeLessThanOrEqual(expected * 1.25);
      clock.now = endpoint.availableAtMs();
    }
    endpoint.proved();
    endpoint.failed(faultOf('unreachable'));
    expect(endpoint.availableAtMs() - clock.now).toBeLessThan(700);
  });

  test('takes requests that fail together for one failure', () => {
    const { endpoint, clock } = endpointOf({});
    for (let times = 0; times < 6; times++) endpoint.failed(faultOf('unreachable'));
    expect(endpoint.availableAtMs() - clock.now).toBeLessThan(700);
    expect(endpoint.report().errors).toBe(6);
  });

  test('is not proved by an answer alone: a node may answer and be wrong', () => {
    const { endpoint, clock } = endpointOf({});
    for (let times = 0; times < 4; times++) {
      endpoint.answered({ tookMs: 1, size: 10, blocks: 0, calls: 3 });
      endpoint.failed(faultOf('bad_answer'));
      clock.now = endpoint.availableAtMs();
    }
    endpoint.failed(faultOf('bad_answer'));
    expect(endpoint.availableAtMs() - clock.now).toBeGreaterThan(5000);
  });

  test('obeys Retry-After, but not for days', () => {
    const { endpoint, clock } = endpointOf({});
    endpoint.failed(faultOf('rate_limited', { retryAfterMs: 30_000 }));
    expect(endpoint.availableAtMs() - clock.now).toBe(30_000);
    endpoint.failed(faultOf('server_error', { retryAfterMs: 1e12 }));
    expect(endpoint.availableAtMs() - clock.now).toBe(600_000);
  });

  test('does not rest for a block it has not got', () => {
    const { endpoint, clock } = endpointOf({});
    endpoint.asked();
    endpoint.failed(faultOf('missing'));
    expect(endpoint.availableAtMs()).toBeLessThanOrEqual(clock.now);
    expect(endpoint.report()).toMatchObject({ state: 'up', reason: 'missing: it happened' });
  });

  test.each<readonly [FaultKind, boolean]>([
    ['unreachable', false],
    ['garbled', false],
    ['bad_answer', false],
    ['wrong_chain', false],
    ['rate_limited', true],
    ['too_large', true],
    ['missing', true],
  ])('after %s its identity is still taken for known: %s', (kind, admitted) => {
    const { endpoint } = endpointOf({});
    endpoint.admit('0xaa');
    endpoint.failed(faultOf(kind));
    expect(endpoint.admitted).toBe(admitted);
  });

  test('asks for more while answers are quick and small, for less when they are slow or large', () => {
    const { endpoint } = endpointOf({ blocksMax: 100 });
    const first = endpoint.appetite().blocks;
    answerAll(endpoint, 10, { tookMs: 100, size: 1e5 });
    expect(endpoint.appetite().blocks).toBe(100);
    expect(endpoint.appetite().blocks).toBeGreaterThan(first);
    answerAll(endpoint, 1, { tookMs: 5000, size: 1e5 });
    expect(endpoint.appetite().blocks).toBe(70);
    answerAll(endpoint, 1, { tookMs: 100, size: 20e6 });
    expect(endpoint.appetite().blocks).toBe(35);
    // It has met its limit: from here it grows slowly.
    answerAll(endpoint, 3, { tookMs: 100, size: 1e5 });
    expect(endpoint.appetite().blocks).toBe(38);
  });

  test('leaves a busy node with small batches, then with few at once, then with smaller ones', () => {
    const { endpoint } = endpointOf({ blocksMax: 100 });
    answerAll(endpoint, 10, { tookMs: 100, size: 1e5 });
    expect(endpoint.appetite()).toMatchObject({ blocks: 100, inFlight: 6 });
    answerAll(endpoint, 5, { tookMs: 3000, size: 1e5 });
    expect(endpoint.appetite()).toMatchObject({ blocks: 20, inFlight: 6 });
    answerAll(endpoint, 4, { tookMs: 3000, size: 1e5 });
    expect(endpoint.appetite()).toMatchObject({ blocks: 20, inFlight: 2 });
    answerAll(endpoint, 2, { tookMs: 3000, size: 1e5 });
    expect(endpoint.appetite()).toMatchObject({ blocks: 5, inFlight: 2 });
  });

  test('halves once for batches that were refused together, down to single blocks', () => {
    const { endpoint } = endpointOf({ blocksMax: 100 });
    answerAll(endpoint, 10, { tookMs: 100, size: 1e5 });
    for (let times = 0; times < 6; times++) endpoint.refusesSize({ blocks: 100, calls: 200, callsMax: undefined });
    expect(endpoint.appetite().blocks).toBe(50);
    for (let times = 0; times < 10; times++)
      endpoint.refusesSize({ blocks: endpoint.appetite().blocks, calls: 2, callsMax: undefined });
    expect(endpoint.appetite().blocks).toBe(1);
  });

  test('keeps to the most calls that the endpoint names or the catalog knows', () => {
    const { endpoint } = endpointOf({ blocksMax: 100 });
    endpoint.refusesSize({ blocks: 20, calls: 40, callsMax: 10 });
    expect(endpoint.appetite()).toMatchObject({ blocks: 5, calls: 10 });
    answerAll(endpoint, 10, { tookMs: 100, size: 1e5 });
    expect(endpoint.appetite()).toMatchObject({ blocks: 5, calls: 10 });
    expect(endpointOf({ blocksMax: 100, callsMax: 3 }).endpoint.appetite()).toMatchObject({ blocks: 1, calls: 3 });
  });

  test('gives batches up only when none was ever answered', () => {
    const { endpoint } = endpointOf({});
    expect(endpoint.refusesBatches()).toBe(true);
    expect(endpoint.appetite().calls).toBe(1);
    const other = endpointOf({}).endpoint;
    other.answered({ tookMs: 1, size: 1, blocks: 0, calls: 2 });
    expect(other.refusesBatches()).toBe(false);
    expect(other.appetite().calls).toBeGreaterThan(1);
  });

  test('remembers which history it lacks, for a while', () => {
    const { endpoint, clock } = endpointOf({});
    expect(endpoint.historyFrom()).toBe(0);
    endpoint.lacks(100);
    endpoint.lacks(50);
    expect(endpoint.historyFrom()).toBe(101);
    clock.now += 601_000;
    expect(endpoint.historyFrom()).toBe(0);
  });

  test('reports its last fault for five minutes, a refusal for as long as it lasts, and never the URL', () => {
    const { endpoint, clock } = endpointOf({});
    expect(endpoint.report()).toMatchObject({ host: 'node.example:8545', state: 'untried', reason: null });
    endpoint.asked();
    endpoint.failed(faultOf('server_error'));
    expect(endpoint.report()).toMatchObject({
      state: 'resting',
      reason: 'server_error: it happened',
      requests: 1,
      errors: 1,
    });
    clock.now += 200_000;
    expect(endpoint.report()).toMatchObject({ state: 'up', reason: 'server_error: it happened' });
    clock.now += 200_000;
    expect(endpoint.report()).toMatchObject({ state: 'up', reason: null });
    endpoint.failed(faultOf('wrong_chain'));
    clock.now += 400_000;
    expect(endpoint.report()).toMatchObject({ state: 'refused', reason: 'wrong_chain: it happened' });
    endpoint.admit(null);
    expect(endpoint.report()).toMatchObject({ state: 'up', reason: null });
    expect(JSON.stringify(endpoint.report())).not.toContain('secret');
  });
});

function endpointOf(options: Partial<EndpointOptions>): { endpoint: Endpoint; clock: { now: number } } {
  const clock = { now: 1_000_000 };
  return {
    endpoint: createEndpoint('https://node.example:8545/v1/secret', {
      blocksMax: 100,
      now: () => clock.now,
      ...options,
    }),
    clock,
  };
}

function answerAll(endpoint: Endpoint, times: number, answer: { tookMs: number; size: number }): void {
  for (let time = 0; time < times; time++) {
    const { blocks } = endpoint.appetite();
    endpoint.answered({ ...answer, blocks, calls: 2 * blocks });
  }
}

function faultOf(kind: FaultKind, hints: { retryAfterMs?: number } = {}): EndpointFault {
  return new EndpointFault(kind, 'it happened', hints);
}
