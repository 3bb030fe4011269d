/** What was answered to one ask. */
export interface Answer {
  readonly path: string;
  readonly status: number;
  readonly body: string;
}

/** A row for each value of an answer, and one for its status: a first difference then names the very field. */
export function answerRows({ path, status, body }: Answer): string[] {
  const rows = [`${path} status ${status}`];
  if (body === '') return rows;
  const add = (place: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null) {
      rows.push(`${path} ${place} ${JSON.stringify(value)}`);
      return;
    }
    const entries = Object.entries(value);
    if (entries.length === 0) rows.push(`${path} ${place} ${Array.isArray(value) ? '[]' : '{}'}`);
    for (const [key, each] of entries) {
      const inner = `${place}/${key}`;
      if (inner !== agePlace) add(inner, each);
    }
  };
  add('', JSON.parse(body));
  return rows;
}

/** The age of the newest block: another with every second. */
const agePlace = '/lag/seconds';
