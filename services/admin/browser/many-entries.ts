import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes so many networks and pairs into a catalog's folder. None of them has anything that could be asked or followed here. */
export function writeManyEntries(catalog: string, count: { readonly networks: number; readonly pairs: number }): void {
  // What syncs so many networks does not fit onto one machine, and the catalog would be refused.
  const pool = join(catalog, 'pools', 'analytics.yaml');
  writeFileSync(pool, readFileSync(pool, 'utf8').replace(/min: 1\n( +)max: 4\n/, 'min: 3\n$1max: 4\n'));
  for (let at = 0; at < count.networks; at++) {
    const id = `many_${String(at).padStart(4, '0')}`;
    writeFileSync(join(catalog, 'networks', `${id}.yaml`), networkFile(id, at));
  }
  const pairs = Array.from({ length: count.pairs }, (_, at) => pairLine(at));
  writeFileSync(join(catalog, 'pairs', 'infra.yaml'), pairsFile(pairs));
}

/** Its nodes are on the internet, which a start without --live leaves alone. */
function networkFile(id: string, at: number): string {
  return `id: ${id}
name: Many ${at}
kind: evm
chainId: ${7_900_000 + at}
status: active
phase: 3
priority: ${1 + (at % 5)}
owner: platform
stack: op_stack
settlement: self
nativeCurrency: { symbol: ETH, decimals: 18 }
finality: { tag: finalized, confirmations: 64 }
rpc:
  - url: https://${id.replace('_', '-')}.example.com
`;
}

function pairLine(at: number): string {
  const base = `MANY${String(at).padStart(4, '0')}`;
  return `  - { symbol: ${base}USDT, base: ${base}, tickSize: "0.01", stepSize: "0.001", minNotional: "5", statusNote: "ended" }`;
}

function pairsFile(pairs: readonly string[]): string {
  return `category: infra
exchange: binance
market: spot
owner: market
quote: USDT
priority: 3
status: retired
pairs:
${pairs.join('\n')}
`;
}
