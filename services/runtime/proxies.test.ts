import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { callerAddress, createProxyTrust, isProxyName } from './proxies.ts';

const pods = createProxyTrust(['10.31.0.0/16', '::1']);

describe(createProxyTrust, () => {
  it('trusts addresses, networks and named networks, of both families, and what is no address never', () => {
    expect(['10.31.4.5', '::ffff:10.31.4.5', '::1', '10.32.0.1', '::2', 'unknown', ''].map(pods)).toEqual([
      ...[true, true, true],
      ...[false, false, false, false],
    ]);
    const near = createProxyTrust(['loopback', 'uniquelocal', 'linklocal']);
    expect(['127.0.0.9', '::1', '192.168.1.1', 'fd00::1', 'fe80::1', '203.0.113.7', '2001:db8::1'].map(near)).toEqual([
      ...[true, true, true, true, true],
      ...[false, false],
    ]);
    expect(createProxyTrust([])('127.0.0.1')).toBe(false);
  });
});

describe(isProxyName, () => {
  it('takes what can be trusted, and nothing else', () => {
    expect(['10.0.0.0/8', '::1', 'fd00::/8', 'loopback'].map(isProxyName)).toEqual([true, true, true, true]);
    expect(['10.0.0.0/33', '10.0.0', 'gateway', 'toString', '10.0.0.0/x', ''].map(isProxyName)).not.toContain(true);
  });
});

describe(callerAddress, () => {
  it('goes back over proxies of ours alone, whatever a caller writes into the header himself', () => {
    expect(callerAddress(request('203.0.113.7', '198.51.100.1'), pods)).toBe('203.0.113.7');
    expect(callerAddress(request('10.31.0.2', '203.0.113.7'), pods)).toBe('203.0.113.7');
    expect(callerAddress(request('10.31.0.2', '198.51.100.1, 203.0.113.7'), pods)).toBe('203.0.113.7');
    expect(callerAddress(request('10.31.0.2', '198.51.100.1, 203.0.113.7,10.31.0.9'), pods)).toBe('203.0.113.7');
  });

  it('stays at the last address that is one', () => {
    expect(callerAddress(request('10.31.0.2', undefined), pods)).toBe('10.31.0.2');
    expect(callerAddress(request('10.31.0.2', 'unknown'), pods)).toBe('10.31.0.2');
    expect(callerAddress(request('10.31.0.2', '198.51.100.1, unknown'), pods)).toBe('10.31.0.2');
    expect(callerAddress(request(undefined, '198.51.100.1'), pods)).toBeUndefined();
  });
});

function request(remoteAddress: string | undefined, forwarded: string | undefined): IncomingMessage {
  return { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } } as unknown as IncomingMessage;
}
