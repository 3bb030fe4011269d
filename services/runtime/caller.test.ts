import { describe, expect, it } from 'vitest';
import { callerOf } from './caller.ts';

describe(callerOf, () => {
  it('counts by the token only what came through a proxy, and never tells it', () => {
    const headers = { authorization: 'Bearer secret' };
    const proxied = callerOf({ headers, ip: '203.0.113.7', ips: ['10.31.0.2', '203.0.113.7'] });
    expect(proxied).toMatch(/^token:[\w-]{43}$/);
    expect(callerOf({ headers, ip: '203.0.113.7' })).toBe('address:203.0.113.7');
    expect(callerOf({ headers, ip: '203.0.113.7', ips: ['203.0.113.7'] })).toBe('address:203.0.113.7');
  });

  it('counts a network of 64 bits as one caller', () => {
    const [one, two] = ['2001:db8::1', '2001:db8::2'].map((ip) => callerOf({ headers: {}, ip }));
    expect(one).toBe(two);
  });
});
