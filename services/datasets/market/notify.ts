import type { Relational, Rows } from '../../stores/relational.ts';

/** The channel that is notified with every write, within its transaction. The payload is empty: a hint to look, never data. */
export const marketChannel = 'market';

/** Delivered when the transaction commits, and only then. */
export async function notifyMarket(tx: Rows): Promise<void> {
  await tx.query(`SELECT pg_notify('${marketChannel}', '')`);
}

/** Calls back after each write of a collector, and whenever one may have been missed; the function returned stops that. */
export function listenToMarket(relational: Relational, onWrite: () => void): Promise<() => Promise<void>> {
  return relational.listen(marketChannel, onWrite);
}
