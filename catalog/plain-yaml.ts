/** A text that is more than plain YAML, or no YAML: for the whole parser to say. */
class NotPlain extends Error {}

/**
 * Reads the YAML that a catalog is mostly written in, some twenty times as fast as a whole parser: block mappings and
 * sequences, flow collections on one line, plain scalars and quoted ones without escapes, comments. Positions are not kept.
 *
 * @returns Undefined for anything else, and for all that is wrong: the whole parser then reads it, and says what is.
 *   What is returned is exactly what the whole parser reads.
 */
export function parsePlainYaml(text: string): { readonly value: unknown } | undefined {
  if (notPlain.test(text)) return undefined;
  try {
    const lines = linesOf(text);
    const first = lines[0];
    if (first === undefined || first.indent > 0) return undefined;
    const reader: Reader = { lines, at: 0 };
    const value = readBlock(reader, 0);
    return reader.at === lines.length ? { value } : undefined;
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

/** Blanks that are no spaces, and what begins or ends a document. */
const notPlain = /[^\S \n]|^(?:---|\.\.\.|%)/m;

interface Line {
  /** Spaces before `text`; of what stands after `- `, its column. */
  indent: number;
  /** Without blanks at either end. */
  text: string;
}

interface Reader {
  readonly lines: Line[];
  at: number;
}

/** The lines that say something. A comment after a value stays in, as only the scalar tells where it begins. */
function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trimEnd();
    const start = trimmed.search(/[^ ]/);
    if (start < 0 || trimmed[start] === '#') continue;
    lines.push({ indent: start, text: trimmed.slice(start) });
  }
  return lines;
}

function readBlock(reader: Reader, indent: number): unknown {
  return isItem(reader.lines[reader.at]?.text ?? '') ? readSequence(reader, indent) : readMapping(reader, indent);
}

function isItem(text: string): boolean {
  return text.startsWith('- ');
}

function readSequence(reader: Reader, indent: number): unknown[] {
  const items: unknown[] = [];
  for (let line = reader.lines[reader.at]; line?.indent === indent; line = reader.lines[reader.at]) {
    if (!isItem(line.text)) break;
    const rest = line.text.slice(1).trimStart();
    if (keyPattern.test(rest)) {
      // The mapping begins on the line of its dash, at the column of its first key.
      line.indent += line.text.length - rest.length;
      line.text = rest;
      items.push(readMapping(reader, line.indent));
    } else {
      reader.at += 1;
      items.push(readInline(reader, rest, indent));
    }
  }
  if ((reader.lines[reader.at]?.indent ?? 0) > indent) throw new NotPlain();
  return items;
}

/** A key of letters, which no parser takes for a number; some words are no text, and one is no key like the others. */
const keyPattern = /^([A-Za-z_][A-Za-z0-9_./-]*):(?: +|$)/;
const wordKey = /^(?:null|true|false|__proto__)$/i;

function readMapping(reader: Reader, indent: number): Record<string, unknown> {
  const mapping: Record<string, unknown> = {};
  for (let line = reader.lines[reader.at]; line?.indent === indent; line = reader.lines[reader.at]) {
    const [all = '', key = ''] = keyPattern.exec(line.text) ?? [];
    if (key === '' || wordKey.test(key) || Object.hasOwn(mapping, key)) throw new NotPlain();
    reader.at += 1;
    const rest = line.text.slice(all.length);
    mapping[key] = rest === '' || rest.startsWith('#') ? readBelow(reader, indent) : readInline(reader, rest, indent);
  }
  if ((reader.lines[reader.at]?.indent ?? 0) > indent) throw new NotPlain();
  return mapping;
}

/** What stands below a key: a sequence may do so without being indented. */
function readBelow(reader: Reader, indent: number): unknown {
  const next = reader.lines[reader.at];
  if (next === undefined || next.indent < indent) return null;
  if (next.indent === indent) return isItem(next.text) ? readSequence(reader, indent) : null;
  if (!isItem(next.text) && !keyPattern.test(next.text)) throw new NotPlain();
  return readBlock(reader, next.indent);
}

/** What stands on the line of its key or dash, and nowhere else: a line indented more would go on with it. */
function readInline(reader: Reader, text: string, indent: number): unknown {
  if ((reader.lines[reader.at]?.indent ?? -1) > indent) throw new NotPlain();
  const first = text[0];
  if (first === '{' || first === '[') {
    const cursor: Cursor = { text, at: 0 };
    const value = readFlow(cursor);
    if (!restIsComment(text, cursor.at)) throw new NotPlain();
    return value;
  }
  if (first === '"' || first === "'") {
    const end = text.indexOf(first, 1);
    if (end < 0 || !restIsComment(text, end + 1)) throw new NotPlain();
    return unquoted(text.slice(1, end));
  }
  const comment = text.indexOf(' #');
  const scalar = comment < 0 ? text : text.slice(0, comment).trimEnd();
  if (!blockScalar.test(scalar)) throw new NotPlain();
  return scalarOf(scalar);
}

function restIsComment(text: string, at: number): boolean {
  return /^(?: *$| +#)/.test(text.slice(at));
}

function unquoted(text: string): string {
  if (text.includes('\\')) throw new NotPlain();
  return text;
}

interface Cursor {
  readonly text: string;
  at: number;
}

/** Plain scalars begin with a letter, a digit or what cannot begin anything else, and hold no `: `. */
const blockScalar = /^(?:[A-Za-z0-9_./+~(]|-(?=[^ ]))(?:[^:#]|:(?! |$)|(?<! )#)*$/;
const flowScalar = /(?:[A-Za-z0-9_./+~(]|-(?=[^ ,[\]{}]))(?:[^:#,[\]{}]|:(?![ ,[\]{}]|$)|(?<! )#)*/y;
const flowKey = /([A-Za-z_][A-Za-z0-9_./-]*): +/y;
const blanks = / */y;

function readFlow(cursor: Cursor): unknown {
  const first = cursor.text[cursor.at];
  if (first === '{') return readFlowMapping(cursor);
  if (first === '[') return readFlowSequence(cursor);
  if (first === '"' || first === "'") {
    const end = cursor.text.indexOf(first, cursor.at + 1);
    if (end < 0) throw new NotPlain();
    const text = unquoted(cursor.text.slice(cursor.at + 1, end));
    cursor.at = end + 1;
    return text;
  }
  return scalarOf(take(cursor, flowScalar)[0].trimEnd());
}

function readFlowMapping(cursor: Cursor): Record<string, unknown> {
  const mapping: Record<string, unknown> = {};
  readEntries(cursor, '}', () => {
    const [, key = ''] = take(cursor, flowKey);
    if (wordKey.test(key) || Object.hasOwn(mapping, key)) throw new NotPlain();
    mapping[key] = readFlow(cursor);
  });
  return mapping;
}

function readFlowSequence(cursor: Cursor): unknown[] {
  const items: unknown[] = [];
  readEntries(cursor, ']', () => items.push(readFlow(cursor)));
  return items;
}

function readEntries(cursor: Cursor, end: string, readEntry: () => void): void {
  cursor.at += 1;
  take(cursor, blanks);
  if (cursor.text[cursor.at] === end) {
    cursor.at += 1;
    return;
  }
  for (;;) {
    readEntry();
    take(cursor, blanks);
    const next = cursor.text[cursor.at];
    cursor.at += 1;
    if (next === end) return;
    if (next !== ',') throw new NotPlain();
    take(cursor, blanks);
  }
}

function take(cursor: Cursor, pattern: RegExp): RegExpExecArray {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found === null) throw new NotPlain();
  cursor.at = pattern.lastIndex;
  return found;
}

/** Numbers as everybody writes them; YAML's other numbers are left to the whole parser. */
const plainNumber = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;
const otherNumber =
  /^[-+]?(?:0o[0-7]+|0x[0-9a-fA-F]+|[0-9]+|\.(?:inf|nan)|(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:e[-+]?[0-9]+)?|[0-9]+e[-+]?[0-9]+)$/i;
const words: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

function scalarOf(text: string): unknown {
  const first = text.charCodeAt(0);
  // Letters and underscore: no number begins with one.
  if (first >= 0x41) {
    const word = words.get(text);
    if (word !== undefined) return word;
    if (text === '~' || /^(?:null|true|false)$/i.test(text)) throw new NotPlain();
    return text;
  }
  if (plainNumber.test(text)) return Number(text);
  if (otherNumber.test(text)) throw new NotPlain();
  return text;
}
