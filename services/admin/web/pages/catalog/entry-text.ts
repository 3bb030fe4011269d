/** A field's value in a cell of a table; what is nested is shown with the entry itself. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value);
}

const columnsMax = 8;

/** The fields that say most of a kind in a table: those that many entries have and that are words or figures, in their order. */
export function columnsOf(entries: readonly Readonly<Record<string, unknown>>[]): string[] {
  const counts = new Map<string, number>();
  for (const entry of entries) {
    for (const [field, value] of Object.entries(entry)) {
      const isPlain = typeof value !== 'object' && String(value).length <= 60;
      if (field !== 'id' && field !== 'symbol' && isPlain) counts.set(field, (counts.get(field) ?? 0) + 1);
    }
  }
  const common = [...counts].filter(([, count]) => count * 2 >= entries.length).map(([field]) => field);
  return common.slice(0, columnsMax);
}
