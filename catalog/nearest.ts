/**
 * The known word a misspelt one was most likely meant to be: at most a third of its letters apart
 * (Damerau-Levenshtein), the first of equals.
 */
export function findNearest(word: string, known: Iterable<string>): string | undefined {
  const typed = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(Math.min(typed.length, 60) / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - typed.length) >= bestDistance) continue;
    const distance = editDistance(typed, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Words that a misspelt one may have meant: close in spelling, the closest first, then those that begin with it. At most three. */
export function nearestFew(word: string, known: readonly string[]): string[] {
  const near: string[] = [];
  while (near.length < fewMax) {
    const found = findNearest(
      word,
      known.filter((each) => !near.includes(each)),
    );
    if (found === undefined) break;
    near.push(found);
  }
  const typed = word.toLowerCase();
  const isBegun = (each: string): boolean => each.toLowerCase().startsWith(typed) && !near.includes(each);
  return [...near, ...(typed.length < 3 ? [] : known.filter(isBegun))].slice(0, fewMax);
}

const fewMax = 3;

/** `did you mean "chain"?`, or the words to choose from. */
export function suggest(word: string, known: readonly string[]): string {
  const nearest = findNearest(word, known);
  if (nearest !== undefined) return `did you mean "${nearest}"?`;
  if (known.length === 0) return 'none is defined yet';
  const shown = known.slice(0, 12).join(', ');
  return known.length > 12 ? `known are ${shown} and ${known.length - 12} more` : `known are ${shown}`;
}

/** The known words that are nearest to one, the nearest first; each is taken at the nearest of its readings. */
export function nearestFirst(word: string, known: ReadonlyMap<string, readonly string[]>, max: number): string[] {
  const typed = word.toLowerCase();
  return [...known]
    .map(([name, readings]) => ({
      name,
      distance: Math.min(...readings.map((reading) => editDistance(typed, reading.toLowerCase()))),
    }))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, max)
    .map(({ name }) => name);
}

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(changed, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
