import type { Json } from '../emit/yaml.ts';

/**
 * Reads YAML as `writeYaml` writes it: thousands of objects in the time that a parser of all of YAML takes for hundreds.
 *
 * @returns Undefined for a text that holds anything which the emitter never writes (comments but at the top, flow style,
 *   anchors, folded lines): such a text is for a full parser. What is returned is what that parser would give.
 */
export function readEmitted(text: string): Json | undefined {
  const lines = text.replace(/^(?:#[^\n]*\n)+/, '').split('\n');
  if (lines.pop() !== '' || lines.length === 0) return undefined;
  const reader: Reader = { lines, at: 0 };
  try {
    const [first = ''] = lines;
    if (lines.length === 1 && !keyPattern.test(first) && !isItem(first, 0)) return scalarOf(first);
    const value = readBlock(reader, 0);
    return reader.at === lines.length ? value : undefined;
  } catch (error) {
    if (error === foreign || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

interface Reader {
  readonly lines: readonly string[];
  at: number;
}

/** Thrown, and caught above, where the text is not the emitter's. */
const foreign = new Error('not written by the emitter');

function refuse(): never {
  throw foreign;
}

/** The mapping or sequence that begins at this line with this indent. */
function readBlock(reader: Reader, indent: number): Json {
  const line = reader.lines[reader.at];
  if (line === undefined || indentOf(line) !== indent) return refuse();
  return isItem(line, indent) ? readSequence(reader, indent) : readMapping(reader, indent, line.slice(indent));
}

/** Of a mapping in a sequence, the first key stands behind the dash: `first` is that line without it. */
function readMapping(reader: Reader, indent: number, first: string): Json {
  const mapping: Record<string, Json> = {};
  for (let rest = first; ; ) {
    const [, quoted, plain, value] = keyPattern.exec(rest) ?? refuse();
    const key = quoted === undefined ? plainText(plain ?? '') : scalarOf(quoted);
    if (typeof key !== 'string') return refuse();
    reader.at += 1;
    // defineProperty, so that a key "__proto__" is a key like any other.
    Object.defineProperty(mapping, key, {
      value: value === undefined ? readNested(reader, indent) : readInline(reader, value, indent + 2),
      enumerable: true,
      writable: true,
      configurable: true,
    });
    const next = reader.lines[reader.at];
    if (next === undefined || indentOf(next) < indent) return mapping;
    if (indentOf(next) !== indent || isItem(next, indent)) return refuse();
    rest = next.slice(indent);
  }
}

function readSequence(reader: Reader, indent: number): Json {
  const items: Json[] = [];
  for (;;) {
    const line = reader.lines[reader.at];
    if (line === undefined || indentOf(line) < indent) return items;
    if (indentOf(line) !== indent || !isItem(line, indent)) return refuse();
    const rest = line.slice(indent + 2);
    if (line.length === indent + 1) {
      reader.at += 1;
      items.push(readNested(reader, indent));
    } else if (keyPattern.test(rest)) {
      items.push(readMapping(reader, indent + 2, rest));
    } else {
      reader.at += 1;
      items.push(readInline(reader, rest, indent + 2));
    }
  }
}

function readNested(reader: Reader, indent: number): Json {
  return readBlock(reader, indent + 2);
}

function readInline(reader: Reader, value: string, indent: number): Json {
  return value === '|' || value === '|-' ? readLiteral(reader, indent, value === '|') : scalarOf(value);
}

/** The lines of a literal stand at its indent; a blank one has none. */
function readLiteral(reader: Reader, indent: number, ends: boolean): string {
  const pad = ' '.repeat(indent);
  const lines: string[] = [];
  for (let line = reader.lines[reader.at]; line !== undefined; line = reader.lines[reader.at]) {
    if (line !== '' && !line.startsWith(pad)) break;
    lines.push(line.slice(indent));
    reader.at += 1;
  }
  // A blank line at the end may belong to nobody, and one that begins with a blank decides the indent.
  if (lines.length === 0 || lines.at(-1) === '' || lines[0] === '' || lines[0]?.startsWith(' ') === true)
    return refuse();
  return lines.join('\n') + (ends ? '\n' : '');
}

/** A key in quotes or plain, and what follows its colon on the line. */
const keyPattern = /^(?:('[^']*'|"(?:[^"\\]|\\.)*")|([A-Za-z/_1-9](?:[^:'"]|:(?! |$)|(?<=.)['"])*)):(?: (.+))?$/;
const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/;
const quantityPattern = /^[1-9]\d*(?:m|k|M|G|Ki|Mi|Gi|Ti|s|h|d)$/;
const words: Readonly<Record<string, Json>> = { true: true, false: false, null: null, '[]': [], '{}': {} };

function scalarOf(text: string): Json {
  if (Object.hasOwn(words, text)) return words[text] ?? null;
  if (text.startsWith('"')) {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : refuse();
  }
  if (text.startsWith("'")) return /^'[^']*'$/.test(text) ? text.slice(1, -1) : refuse();
  return numberPattern.test(text) ? Number(text) : plainText(text);
}

/** Words that only look plain to the emitter's readers are never written so: whatever else stands here is foreign. */
function plainText(text: string): string {
  if (quantityPattern.test(text)) return text;
  const isPlain = /^[A-Za-z/_]/.test(text) && !/ #|: |[: ]$|\t/.test(text);
  return isPlain && !/^(?:y|n|yes|no|on|off|true|false|null|nil|none|nan|inf|infinity|undefined)$/i.test(text)
    ? text
    : refuse();
}

function indentOf(line: string): number {
  let indent = 0;
  while (line[indent] === ' ') indent += 1;
  return indent;
}

function isItem(line: string, indent: number): boolean {
  return line[indent] === '-' && (line.length === indent + 1 || line[indent + 1] === ' ');
}
