import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createLogger } from './log.ts';
import { createRecentErrors } from './recent-errors.ts';

describe(createRecentErrors.name, () => {
  it('counts equal messages together, with the fields and the time of the newest', () => {
    const recent = createRecentErrors();
    const log = pino({ base: null }, recent);

    log.warn({ network: 'base' }, 'endpoint failed');
    log.error('store is away');
    log.warn({ network: 'linea' }, 'endpoint failed');
    log.info('started');

    const [first, second, ...others] = recent.list();
    expect(first).toMatchObject({ level: 'warn', message: 'endpoint failed', count: 2, fields: { network: 'linea' } });
    expect(first?.lastAt).toBeGreaterThanOrEqual(first?.firstAt ?? Number.NaN);
    expect(second).toMatchObject({ level: 'error', message: 'store is away', count: 1, fields: {} });
    expect(others).toEqual([]);
  });

  it('keeps the newest fifty kinds, so that a flood of one kind costs one', () => {
    const recent = createRecentErrors();
    const log = pino({ base: null }, recent);

    for (let kind = 0; kind < 60; kind++) log.warn(`kind ${kind}`);
    for (let again = 0; again < 1_000; again++) log.error('flood');

    const kept = recent.list();
    expect(kept).toHaveLength(50);
    expect(kept[0]).toMatchObject({ message: 'flood', count: 1_000 });
    expect(kept.at(-1)).toMatchObject({ message: 'kind 11' });
  });

  it('keeps no secret and nothing long', () => {
    const recent = createRecentErrors();
    const log = createLogger('silent', 'machines', false, recent);

    log.error(
      {
        store: { password: 'hunter2', host: 'db' },
        reason: 'connect postgres://user:hunter2@db/d failed',
        stack: 'x'.repeat(10_000),
        list: Array.from({ length: 1_000 }, (_, index) => index),
      },
      'failed',
    );

    const text = JSON.stringify(recent.list());
    expect(text).not.toContain('hunter2');
    expect(text).toContain('postgres://…@db/d');
    expect(text.length).toBeLessThan(2_000);
  });
});

describe(createLogger.name, () => {
  it('tells of warnings although its readers want none, and of nothing less', () => {
    const recent = createRecentErrors();

    for (const level of ['silent', 'error', 'debug'] as const) {
      const log = createLogger(level, 'machines', false, recent);
      if (level !== 'debug') log.warn('quiet');
      expect(log.level).toBe(level === 'debug' ? 'debug' : 'warn');
    }

    expect(recent.list()).toMatchObject([{ message: 'quiet', count: 2 }]);
    expect(Date.now() - (recent.list()[0]?.lastAt ?? 0)).toBeLessThan(60_000);
  });
});
