import { describe, expect, test } from 'vitest';
import { classifyRpcError, type FaultKind, parseRetryAfter } from './fault.ts';

// Texts as nodes and providers really word them, with where each was seen.
const seen: readonly (readonly [kind: FaultKind, code: number | undefined, message: string])[] = [
  // Speed.
  [
    'rate_limited',
    429,
    'Your app has exceeded its compute units per second capacity. If you have retries enabled, you can safely ignore this message.',
  ], // Alchemy
  ['rate_limited', -32005, 'daily request count exceeded, request rate limited'], // Infura
  ['rate_limited', -32005, 'project ID request rate exceeded'], // Infura
  ['rate_limited', -32005, 'exceeded project rate limit'], // Infura
  [
    'rate_limited',
    -32007,
    '25/second request limit reached - reduce calls per second or upgrade your account at quicknode.com',
  ], // QuickNode
  ['rate_limited', -32016, 'over rate limit'], // proxyd: Base, OP
  ['rate_limited', -32012, 'backend is over capacity'], // proxyd
  ['rate_limited', -32090, 'Too many requests, reason: call rate limit exhausted, retry in 10s'], // Ankr
  ['rate_limited', -32005, 'limit exceeded'], // BNB Chain
  ['rate_limited', undefined, 'Monthly capacity limit exceeded. Visit your dashboard to upgrade'], // Alchemy
  ['rate_limited', 429, 'Rate limit exceeded for your ip, please wait 1min and retry.'], // Godwoken
  // Size.
  ['too_large', -32600, 'batch too large'], // geth
  ['too_large', -32600, 'batch size too large'],
  ['too_large', -32003, 'response too large'], // geth
  ['too_large', -32000, 'response size exceeded'],
  ['too_large', -32000, 'batch limit 100 exceeded (can increase by --rpc.batch.limit). Requested batch of size: 200'], // Erigon
  ['too_large', -32014, 'too many RPC calls in batch request'], // proxyd: X Layer, OP
  [
    'too_large',
    31,
    'Batch of more than 3 requests are not allowed on free tier, to use this feature register paid account at drpc.org',
  ], // dRPC
  ['too_large', -32010, 'The batch request was too large'], // jsonrpsee: reth
  ['too_large', -32005, 'query returned more than 10000 results'], // Infura
  ['too_large', -32602, 'Block range is too large'], // OP
  ['too_large', -32614, 'eth_getLogs is limited to a 10,000 range'], // QuickNode
  ['too_large', -32701, 'exceed maximum block range: 50000'], // publicnode
  ['too_large', -32600, 'block range is too wide'], // Ankr
  ['too_large', -32602, 'Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range'], // Alchemy
  // Batches at all.
  ['no_batches', -32600, 'batch requests are not supported'],
  ['no_batches', -32600, 'Batch requests are disabled'],
  ['no_batches', undefined, 'batching not allowed'],
  // Methods.
  ['unsupported', -32601, 'the method eth_getBlockReceipts does not exist/is not available'], // geth
  ['unsupported', -32601, 'Method not found'], // zkSync
  ['unsupported', -32601, 'method not available'],
  ['unsupported', -32001, 'rpc method is not whitelisted'], // proxyd
  ['unsupported', -32004, 'Unsupported method: eth_getBlockReceipts'], // Alchemy
  ['unsupported', -32601, 'something in another language'],
  ['unsupported', undefined, 'eth_getBlockReceipts is not included in your current plan'],
  // History and heads.
  ['missing', -32000, 'header not found'], // geth
  ['missing', -39001, 'Unknown block'], // execution-apis
  ['missing', -32000, 'finalized block not found'], // geth before the merge
  ['missing', -32019, 'block is out of range'], // proxyd
  ['missing', -32000, 'missing trie node c6ebfa18 (path ) state 0xc6eb is not available, not found'], // Bor
  ['missing', 4444, 'pruned history unavailable'], // geth
  ['missing', 4444, 'gone'],
  ['missing', -32000, 'transaction indexing is in progress'], // geth
  ['missing', -32602, 'Archive requests require a personal token. Get one at: https://www.allnodes.com/publicnode'], // publicnode
  [
    'missing',
    -32000,
    'This request is not supported because your node is running with state pruning. Run with --pruning=archive.',
  ], // OpenEthereum
  // Who and how long.
  ['forbidden', -32000, 'Unauthorized: You must authenticate your request with an API key.'], // Ankr
  ['timeout', 30, 'Request timeout on the free tier, please upgrade your tier to the paid one'], // dRPC
  ['timeout', -32002, 'request timed out'], // geth
  // All else.
  ['rpc_error', -32603, 'Internal error'],
  ['rpc_error', -32011, 'no backends available for method'], // proxyd
  ['rpc_error', undefined, ''],
];

describe(classifyRpcError, () => {
  test.each(seen)('%s: %s %s', (kind, code, message) => {
    expect(classifyRpcError(code, message).kind).toBe(kind);
  });

  test.each([
    ['Batch of more than 3 requests are not allowed on free tier', undefined, 3],
    ['batch limit 100 exceeded (can increase by --rpc.batch.limit). Requested batch of size: 200', undefined, 100],
    ['The batch request was too large', 'Exceeded max limit of 50', 50],
    ['maximum 10 calls in 1 batch', undefined, 10],
    ['batch response size limit of 10 MB exceeded', undefined, undefined],
    ['batch too large', undefined, undefined],
    ['eth_getLogs is limited to a 10,000 range', undefined, undefined],
  ])('reads the most calls in a batch out of %j and %j: %s', (message, data, callsMax) => {
    expect(classifyRpcError(-32600, message, data)).toMatchObject({ kind: 'too_large', callsMax });
  });

  test.each([
    ['Too many requests, retry in 10s', undefined, 10_000],
    ['rate limit: try again in 250ms', undefined, 250],
    ['Rate limit exceeded for your ip, please wait 1min and retry', undefined, 60_000],
    ['exceeded project rate limit', { rate: { allowed_rps: 5, backoff_seconds: 30, current_rps: 5.2 } }, 30_000],
    ['exceeded project rate limit', { rate: { backoff_seconds: 'soon' } }, undefined],
    ['over rate limit', undefined, undefined],
  ])('reads how long to wait out of %j and %j: %s ms', (message, data, retryAfterMs) => {
    expect(classifyRpcError(-32005, message, data)).toMatchObject({ kind: 'rate_limited', retryAfterMs });
  });

  test('says what was told, shortened, and never fails on odd errors', () => {
    expect(classifyRpcError(-32603, 'x'.repeat(1000)).message.length).toBeLessThan(330);
    for (const odd of [undefined, null, 7, {}, []]) expect(classifyRpcError(odd, odd, odd).kind).toBe('rpc_error');
  });
});

describe(parseRetryAfter, () => {
  const now = Date.parse('2026-01-31T10:00:00Z');

  test.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Sat, 31 Jan 2026 10:00:30 GMT', 30_000],
    ['Sat, 31 Jan 2026 09:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('%s: %s ms', (header, retryAfterMs) => {
    expect(parseRetryAfter(header, now)).toBe(retryAfterMs);
  });
});
