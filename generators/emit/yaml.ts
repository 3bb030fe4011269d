/** What a manifest is made of: JSON, where `undefined` means "not there". */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** A value that YAML cannot carry to a cluster unchanged; `path` is the way to it, e.g. `spec.ports[0].port`. */
export class YamlError extends Error {
  override name = 'YamlError';
  constructor(path: string, reason: string) {
    super(`${path === '' ? 'the document' : path}: ${reason}`);
  }
}

/** These come first in any mapping, because readers look for them first; all other keys go by code point. */
const leadingKeys = new Map(['apiVersion', 'kind', 'metadata', 'name', 'namespace'].map((key, rank) => [key, rank]));

/**
 * Writes one value as a block-style YAML document that ends with a newline.
 *
 * The bytes depend on the value alone: not on the order in which keys were set, the clock or the machine. Every
 * string is quoted unless it is a string to YAML 1.1 and 1.2 parsers alike, since Kubernetes and Argo CD read with a
 * parser of each (`no`, `0755`, `1:30`, `1_000` and `<<` are where they differ).
 *
 * @throws YamlError for NaN, infinities, integers beyond 2^53, lone surrogates and keys too long for a YAML key.
 */
export function writeYaml(value: Json): string {
  const out: string[] = [];
  try {
    const entries = isMapping(value) ? entriesOf(value) : [];
    if (entries.length > 0) writeMapping(out, entries, '', '');
    else if (Array.isArray(value) && value.length > 0) writeSequence(out, value, '');
    else out.push(scalarText(value, ''), '\n');
  } catch (error) {
    throw error instanceof Misfit ? new YamlError(error.path, error.reason) : error;
  }
  return out.join('');
}

type Entries = readonly (readonly [key: string, item: Json])[];

/** A value that YAML cannot carry: on its way up, each level puts its step before the path. */
class Misfit extends Error {
  readonly reason: string;
  path = '';
  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

function withStep(error: unknown, step: string): unknown {
  if (error instanceof Misfit) {
    const joint = error.path === '' || error.path.startsWith('[') ? '' : '.';
    error.path = `${step}${joint}${error.path}`;
  }
  return error;
}

/** Writes what stands after `key:` or `-`: on the same line when it is a scalar, else as a block below it. */
function writeAfter(out: string[], value: Json, indent: string): void {
  if (Array.isArray(value) && value.length > 0) {
    out.push('\n');
    writeSequence(out, value, indent);
    return;
  }
  const entries = isMapping(value) ? entriesOf(value) : [];
  if (entries.length > 0) {
    out.push('\n');
    writeMapping(out, entries, indent, indent);
  } else out.push(' ', scalarText(value, indent), '\n');
}

/** `first` is the indent of the first key: empty when it stands on the line of a sequence's dash. */
function writeMapping(out: string[], entries: Entries, first: string, indent: string): void {
  const below = `${indent}  `;
  let lead = first;
  for (const [key, item] of entries) {
    try {
      out.push(lead, keyText(key), ':');
      writeAfter(out, item, below);
    } catch (error) {
      throw withStep(error, key.slice(0, 80));
    }
    lead = indent;
  }
}

function writeSequence(out: string[], items: readonly Json[], indent: string): void {
  const below = `${indent}  `;
  for (const [index, item] of items.entries()) {
    try {
      const entries = isMapping(item) ? entriesOf(item) : [];
      if (entries.length > 0) {
        out.push(indent, '- ');
        writeMapping(out, entries, '', below);
      } else {
        out.push(indent, '-');
        writeAfter(out, item, below);
      }
    } catch (error) {
      throw withStep(error, `[${index}]`);
    }
  }
}

function scalarText(value: Json, indent: string): string {
  if (typeof value === 'string') return stringText(value, indent);
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null) return 'null';
  return Array.isArray(value) ? '[]' : '{}';
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new Misfit(`${value} is not a number that YAML can carry`);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new Misfit(`${value} is beyond 2^53 and may be rounded: pass it as a string`);
  }
  const text = Object.is(value, -0) ? '0' : String(value);
  // YAML 1.1 takes 1e-7 for a string: a float needs its point there.
  return text.includes('e') && !text.includes('.') ? text.replace('e', '.0e') : text;
}

/** Keys and short texts come again and again: what they look like is found once. */
const seen = new Map<string, string>();
const seenMax = 20_000;
const seenLengthMax = 64;

function keyText(key: string): string {
  // YAML reads a key in front of `:` only up to 1,024 characters; no Kubernetes key comes near.
  if (key.length > 512) throw new Misfit('the key is too long for a YAML key');
  return key.length > seenLengthMax ? lineText(key) : shortText(key);
}

function stringText(value: string, indent: string): string {
  if (isLiteral(value)) return literalText(value, indent);
  return value.length > seenLengthMax ? lineText(value) : shortText(value);
}

function shortText(value: string): string {
  const known = seen.get(value);
  if (known !== undefined) return known;
  const text = lineText(value);
  if (seen.size >= seenMax) seen.clear();
  seen.set(value, text);
  return text;
}

function lineText(value: string): string {
  return isPlain(value) ? value : quotedText(value);
}

/** Letters first, then nothing that could end a scalar or begin a comment; `: ` and ` #` cannot occur. */
const plainWord = /^[A-Za-z/_](?:[\w./@+%,;()=~^$!?&*|<>"'-]| (?! |#|$)|:(?! |$)|#)*$/;
/** Kubernetes quantities and durations are numbers to nobody: `250m`, `1Gi`, `30s`. */
const quantity = /^[1-9][0-9]*(?:m|k|M|G|Ki|Mi|Gi|Ti|s|h|d)$/;
/** Every word that YAML 1.1 (or a parser that calls itself so) reads as a boolean, null or number. */
const reservedWord = /^(?:y|n|yes|no|on|off|true|false|null|nil|none|nan|inf|infinity|undefined)$/i;

function isPlain(value: string): boolean {
  if (value.length > 512) return false;
  return plainWord.test(value) ? !reservedWord.test(value) : quantity.test(value);
}

const notLiteral = /[^\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;

/**
 * A text of lines may stand as a literal block, which shows a change of one line as one line in a diff. Left out, for
 * they would need indicators or be lost in editors: leading blanks, trailing blanks, tabs, control characters.
 */
function isLiteral(value: string): boolean {
  if (!value.includes('\n') || value === '\n') return false;
  const blanks = /^[ \n]/.test(value) || /(?: |\n\n)$/.test(value) || value.includes(' \n') || value.includes('\n\n\n');
  return !blanks && !notLiteral.test(value);
}

function literalText(value: string, indent: string): string {
  const ends = value.endsWith('\n');
  const pad = indent === '' ? '  ' : indent;
  return `${ends ? '|' : '|-'}\n${pad}${(ends ? value.slice(0, -1) : value).replace(/\n(?!\n)/g, `\n${pad}`)}`;
}

/** What JSON leaves raw, but YAML reads as a line break or refuses. Escaped as \uXXXX, which both understand. */
const unprintable = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g;

function quotedText(value: string): string {
  if (!value.isWellFormed()) throw new Misfit('the string holds half of a surrogate pair');
  if (/^[\x20-\x7e]*$/.test(value) && !value.includes("'")) return `'${value}'`;
  return JSON.stringify(value).replaceAll(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function isMapping(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** In the order they are written; without those that are not there. */
function entriesOf(value: JsonObject): Entries {
  const entries: [string, Json][] = [];
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (item !== undefined) entries.push([key, item]);
  }
  return entries.length < 2 ? entries : entries.sort(byRank);
}

function byRank([a]: readonly [string, Json], [b]: readonly [string, Json]): number {
  return rankOf(a) - rankOf(b) || (a < b ? -1 : 1);
}

function rankOf(key: string): number {
  return leadingKeys.get(key) ?? leadingKeys.size;
}
