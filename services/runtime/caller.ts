import { createHash } from 'node:crypto';
import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';

/**
 * Who asks, to be counted: an address (IPv6: a network of 64 bits), or the token of a request that came through a trusted proxy, which
 * has checked it: unchecked, a new one for each request would be a new caller each time.
 */
export function callerOf({
  headers: { authorization },
  ip,
  ips = [],
}: Pick<FastifyRequest, 'headers' | 'ip' | 'ips'>): string {
  const isProxied = ips.length > 1;
  if (!isProxied || authorization === undefined) return `address:${normalizeIP(ip)}`;
  return `token:${createHash('sha256').update(authorization).digest('base64url')}`;
}
