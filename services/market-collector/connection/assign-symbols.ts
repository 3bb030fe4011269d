/**
 * Spreads symbols over connections. A symbol stays where it is for as long as it is followed; a new one goes where the fewest
 * are, and to a connection of its own when all are full. So an added symbol moves no other.
 *
 * `previous` and the result: the connection of each symbol, counted from 0. `connections` is how many there are at least,
 * `chunkSize` how many symbols one may carry.
 */
export function assignSymbols(
  previous: ReadonlyMap<string, number>,
  symbols: readonly string[],
  { chunkSize, connections }: { readonly chunkSize: number; readonly connections: number },
): Map<string, number> {
  const assigned = new Map<string, number>();
  const loads: number[] = new Array(connections).fill(0);
  const put = (symbol: string, connection: number): void => {
    assigned.set(symbol, connection);
    loads[connection] = (loads[connection] ?? 0) + 1;
  };
  for (const symbol of symbols) {
    const connection = previous.get(symbol);
    if (connection !== undefined && !assigned.has(symbol)) put(symbol, connection);
  }
  for (const symbol of symbols) {
    if (assigned.has(symbol)) continue;
    let emptiest = 0;
    for (let at = 1; at < loads.length; at++) if ((loads[at] ?? 0) < (loads[emptiest] ?? 0)) emptiest = at;
    put(symbol, (loads[emptiest] ?? 0) < chunkSize ? emptiest : loads.length);
  }
  return assigned;
}
