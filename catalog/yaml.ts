import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type ParsedNode,
  parseDocument,
} from 'yaml';
import { parsePlainYaml } from './plain-yaml.ts';
import type { Problem } from './problem.ts';

/** A path into a value: `['rpc', 0, 'url']`. */
export type Path = readonly (string | number)[];
export interface Place {
  line: number;
  col: number;
}

/** What a file holds: its text, its bytes, or why there is neither. */
export type FileContent = string | Uint8Array | { unreadable: string };

export interface ParsedYaml {
  /** With \n as line end; empty if it could not be decoded. */
  text: string;
  /** Plain objects, arrays and scalars; undefined where there is a problem that hides the content. */
  value: unknown;
  problems: Problem[];
  /** Where the value (or with `key`, its name) at a path stands; the nearest parent if there is none. */
  placeOf(path: Path, at?: 'value' | 'key'): Place;
}

/** No file of a catalog comes near it; a larger one is a mistake, and slow to refuse later. */
const fileBytesMax = 256 * 1024;
const lineCharsMax = 2000;

/** One broken bracket can break every line after it: the first errors are the ones to look at. */
const syntaxErrorsMax = 10;

/**
 * Reads one YAML document without surprises: what YAML allows and a catalog must not hold (anchors, merge keys, tags,
 * several documents, keys that are no text) is a problem at its place, and so is everything YAML itself refuses.
 * Never throws for content. Source of the codes: CAT0 is the file, its syntax and its shape.
 */
export function parseYaml(file: string, content: FileContent): ParsedYaml {
  const problems: Problem[] = [];
  const report = (place: Place, code: string, message: string, fix: string): void => {
    problems.push({ file, ...place, code, message, fix, severity: 'error' });
  };
  const start: Place = { line: 1, col: 1 };
  const nothing = (text = ''): ParsedYaml => ({ text, value: undefined, problems, placeOf: () => start });

  const text = decode(content, report);
  if (text === undefined) return nothing();
  const plain = parsePlainYaml(text);
  if (plain !== undefined) return { text, value: plain.value, problems, placeOf: placesLater(text) };
  let document: Document.Parsed<ParsedNode>;
  try {
    document = parseDocument(text, parseOptions);
  } catch {
    // The parser recurses once a level, so only absurd nesting gets here.
    report(start, 'CAT001', ...tooDeep);
    return nothing(text);
  }
  const place = placeFinder(text);

  const errors = [...document.errors, ...document.warnings];
  const exhausted = errors.find(({ message }) => message.includes('call stack'));
  for (const error of exhausted === undefined ? errors.slice(0, syntaxErrorsMax) : [exhausted]) {
    const [message, fix] = explainYaml(error.code, error.message);
    report(place(error.pos[0]), error.code === 'MULTIPLE_DOCS' ? 'CAT002' : 'CAT001', message, fix);
  }
  if (problems.length > 0) return nothing(text);
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    report(start, 'CAT003', 'the file is empty', 'describe the entry, or delete the file');
    return nothing(text);
  }

  const value = plainValue(document.contents, (node, message, fix) =>
    report(place(node.range?.[0]), 'CAT002', message, fix),
  );
  return {
    text,
    value: problems.length > 0 ? undefined : value,
    problems,
    placeOf: (path, at = 'value') => place(offsetOf(document.contents, path, at)),
  };
}

const parseOptions = {
  version: '1.2',
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  prettyErrors: false,
  keepSourceTokens: false,
  // 'silent' would hide a second document; nothing is logged at this level.
  logLevel: 'error',
} as const;

/** Positions are asked for where there is something to say, which is seldom: the text is parsed for them then. */
function placesLater(text: string): ParsedYaml['placeOf'] {
  let find: ((path: Path, at: 'value' | 'key') => Place) | undefined;
  return (path, at = 'value') => {
    if (find === undefined) {
      const { contents } = parseDocument(text, parseOptions);
      const place = placeFinder(text);
      find = (path, at) => place(offsetOf(contents, path, at));
    }
    return find(path, at);
  };
}

/**
 * Line and column of an offset. yaml's own LineCounter does not see the line ends inside text that it could not parse,
 * and then places an error on a line that is not there.
 */
function placeFinder(text: string): (offset: number | undefined) => Place {
  const starts = [0];
  for (let index = text.indexOf('\n'); index >= 0; index = text.indexOf('\n', index + 1)) starts.push(index + 1);
  return (offset = 0) => {
    const at = Math.min(Math.max(offset, 0), text.length);
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, col: at - (starts[low] ?? 0) + 1 };
  };
}

type Report = (place: Place, code: string, message: string, fix: string) => void;

function decode(content: FileContent, report: Report): string | undefined {
  const start = { line: 1, col: 1 };
  if (typeof content === 'object' && 'unreadable' in content) {
    report(start, 'CAT004', `the file cannot be read: ${content.unreadable}`, 'make it a readable file');
    return undefined;
  }
  if (content.length > fileBytesMax) {
    const limit = `${fileBytesMax / 1024} KiB`;
    report(
      start,
      'CAT004',
      `the file is larger than ${limit}`,
      'split it: one entry a file, one category of pairs a file',
    );
    return undefined;
  }
  let text: string;
  if (typeof content === 'string') text = content;
  else {
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
    } catch {
      report(placeOfBadByte(content), 'CAT004', 'the file is not UTF-8', 'save it as UTF-8');
      return undefined;
    }
  }
  // Line ends differ by machine and by git settings; they must not differ in the lock.
  text = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const long = text.split('\n').findIndex((line) => line.length > lineCharsMax);
  if (long >= 0) {
    const place = { line: long + 1, col: lineCharsMax + 1 };
    report(place, 'CAT004', `this line is longer than ${lineCharsMax} characters`, 'break it');
    return undefined;
  }
  const control = /[[\p{Cc}\p{Cs}\u2028\u2029\ufeff\ufffe\uffff]--[\n\t]]/v.exec(text);
  if (control) {
    const before = text.slice(0, control.index).split('\n');
    const name = `U+${control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    const place = { line: before.length, col: (before.at(-1)?.length ?? 0) + 1 };
    report(place, 'CAT004', `a control character (${name}) stands here`, 'delete it');
    return undefined;
  }
  return text;
}

/** The first byte where decoding fails, found by halving: a prefix either decodes or it does not. */
function placeOfBadByte(bytes: Uint8Array): Place {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const text = decoder.decode(bytes);
  const index = text.indexOf('\uFFFD');
  const before = text.slice(0, Math.max(index, 0)).split('\n');
  return { line: before.length, col: (before.at(-1)?.length ?? 0) + 1 };
}

/** In our words where a catalog's author meets it often; otherwise the parser's own. */
const tooDeep: [message: string, fix: string] = [
  'the YAML is nested too deeply',
  'no entry of the catalog is: flatten it',
];

function explainYaml(code: string, message: string): [message: string, fix: string] {
  if (message.includes('call stack')) return tooDeep;
  switch (code) {
    case 'DUPLICATE_KEY':
      return ['this key stands twice in one mapping', 'keep one of the two'];
    case 'MULTIPLE_DOCS':
      return ['a second YAML document starts here', 'one document a file: remove the "---"'];
    case 'TAB_AS_INDENT':
      return ['a tab indents this line', 'indent with spaces'];
    case 'TAG_RESOLVE_FAILED':
      return ['a YAML tag stands here', 'write the plain value, without "!"'];
    case 'MISSING_CHAR':
      return [lowerFirst(message), 'close the quote or bracket'];
    case 'BAD_INDENT':
      return [lowerFirst(message), 'line it up with its neighbours'];
    default:
      return [lowerFirst(message), 'correct the YAML'];
  }
}

function lowerFirst(text: string): string {
  const line = text.split('\n', 1)[0] ?? text;
  return line.charAt(0).toLowerCase() + line.slice(1);
}

type ReportNode = (node: Node, message: string, fix: string) => void;

function plainValue(node: Node | null | undefined, report: ReportNode): unknown {
  if (node === null || node === undefined) return null;
  if (isAlias(node)) {
    report(node, `*${node.source} is a YAML alias`, 'write the value out: each entry must be readable by itself');
    return null;
  }
  if ('anchor' in node && node.anchor !== undefined) {
    report(node, `&${node.anchor} is a YAML anchor`, 'remove it: each entry must be readable by itself');
  }
  if (node.tag?.startsWith('!')) {
    report(node, `a YAML tag (${node.tag}) stands here`, 'write the plain value, without "!"');
  }
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map((item) => plainValue(isNode(item) ? item : null, report));
  if (!isMap(node)) return null;
  const value: Record<string, unknown> = {};
  for (const pair of node.items) {
    const key = pair.key;
    if (!isScalar(key) || typeof key.value !== 'string') {
      report(isNode(key) ? key : node, 'this key is not text', 'quote it');
      continue;
    }
    if (key.value === '<<') report(key, '"<<" is a YAML merge key', 'write the merged values out');
    if ('anchor' in key && key.anchor !== undefined) report(key, `&${key.anchor} is a YAML anchor`, 'remove it');
    const child = plainValue(isNode(pair.value) ? pair.value : null, report);
    // defineProperty, so that a key "__proto__" is a key like any other.
    Object.defineProperty(value, key.value, { value: child, enumerable: true, writable: true, configurable: true });
  }
  return value;
}

function offsetOf(root: Node | null, path: Path, at: 'value' | 'key'): number | undefined {
  let node: Node | null = root;
  let offset = root?.range?.[0];
  for (const [index, step] of path.entries()) {
    let next: unknown;
    let keyOffset: number | undefined;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
      if (pair === undefined) return offset;
      keyOffset = isNode(pair.key) ? pair.key.range?.[0] : undefined;
      next = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      next = node.items[step];
    } else return offset;
    const isLast = index === path.length - 1;
    if (isLast && at === 'key' && keyOffset !== undefined) return keyOffset;
    node = isNode(next) ? next : null;
    // An empty value has no text of its own: its key is the place to look at.
    const empty = node === null || (isScalar(node) && node.value === null);
    offset = empty ? (keyOffset ?? offset) : node?.range?.[0];
  }
  return offset;
}
