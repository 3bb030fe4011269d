/** How many lines stay around a change, so that one sees where it is. */
const contextLines = 2;

/** Above this many cell comparisons the middle of a diff is shown as one block out, one block in. */
const cellsMax = 4_000_000;

/**
 * A unified diff of two texts without its file header: lines that begin with ` `, `-`, `+`, and `@@ line N @@` above
 * each hunk, N being the line in the new text. Empty when the texts are equal.
 */
export function renderDiff(before: string, after: string): string[] {
  const edits = editsOf(linesOf(before), linesOf(after));
  const near = edits.map((_, index) =>
    edits.slice(Math.max(0, index - contextLines), index + contextLines + 1).some(({ sign }) => sign !== ' '),
  );
  const lines: string[] = [];
  let lineAfter = 1;
  for (const [index, { sign, line }] of edits.entries()) {
    if (near[index] === true) {
      if (near[index - 1] !== true) lines.push(`@@ line ${lineAfter} @@`);
      lines.push(sign + line);
    }
    if (sign !== '-') lineAfter += 1;
  }
  return lines;
}

interface Edit {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

/** The longest common subsequence of lines, after the equal head and tail are set aside. */
function editsOf(before: readonly string[], after: readonly string[]): Edit[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const room = Math.min(before.length, after.length) - head;
  while (tail < room && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  const middle = middleEdits(before.slice(head, before.length - tail), after.slice(head, after.length - tail));
  return [...same(before.slice(0, head)), ...middle, ...same(before.slice(before.length - tail))];
}

function middleEdits(before: readonly string[], after: readonly string[]): Edit[] {
  if (before.length * after.length > cellsMax) {
    return [...before.map((line) => edit('-', line)), ...after.map((line) => edit('+', line))];
  }
  // common[i * width + j]: length of the longest common subsequence of before[i…] and after[j…].
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const skip = Math.max(at(common, (i + 1) * width + j), at(common, i * width + j + 1));
      common[i * width + j] = before[i] === after[j] ? at(common, (i + 1) * width + j + 1) + 1 : skip;
    }
  }
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [out, into] = [before[i], after[j]];
    if (out !== undefined && out === into) {
      edits.push(edit(' ', out));
      [i, j] = [i + 1, j + 1];
    } else if (
      out !== undefined &&
      (into === undefined || at(common, (i + 1) * width + j) >= at(common, i * width + j + 1))
    ) {
      edits.push(edit('-', out));
      i += 1;
    } else {
      edits.push(edit('+', into ?? ''));
      j += 1;
    }
  }
  return edits;
}

function linesOf(text: string): string[] {
  if (text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}

function same(lines: readonly string[]): Edit[] {
  return lines.map((line) => edit(' ', line));
}

function edit(sign: Edit['sign'], line: string): Edit {
  return { sign, line };
}

function at(values: Uint32Array, index: number): number {
  return values[index] ?? 0;
}
