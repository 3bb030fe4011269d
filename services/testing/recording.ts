import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** One line of a recording. `atMs` is when it came, Unix milliseconds (with a fraction). */
export type RecordingEntry =
  /** `timestamp: message`: what a WebSocket said. */
  | { readonly kind: 'message'; readonly atMs: number; readonly text: string; readonly at: string }
  /** `URL -> timestamp: body` and maybe ` header: {…}`, which is left out: what a request was answered with. */
  | {
      readonly kind: 'response';
      readonly atMs: number;
      readonly url: string;
      readonly body: string;
      readonly at: string;
    }
  /** `wss://… <-> timestamp`: a WebSocket was opened. */
  | { readonly kind: 'connect'; readonly atMs: number; readonly url: string; readonly at: string }
  /** `configuration: …`: which symbols and channels were asked for. */
  | { readonly kind: 'configuration'; readonly text: string; readonly at: string };

const messagePattern = /^([0-9]+(?:\.[0-9]+)?): /;
const responsePattern = /^(\S+) -> ([0-9]+(?:\.[0-9]+)?): /;
const connectPattern = /^(\S+) <-> ([0-9]+(?:\.[0-9]+)?)\s*$/;
const headerMark = ' header: {';

/**
 * Reads a recording of an exchange line by line, in the format that cryptofeed writes (timestamps in seconds, blank lines
 * between). Each entry says where it stood (`at`, file:line).
 * @throws Error with file:line for a line that is none of these
 */
export async function* readRecording(path: string): AsyncGenerator<RecordingEntry> {
  let lineNumber = 0;
  const input = createReadStream(path, { encoding: 'utf8' });
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    lineNumber++;
    if (line.trim() !== '') yield parseRecordingLine(line, `${path}:${lineNumber}`);
  }
}

/** One line that is not blank; `at` names it in an error. @throws Error if it is nothing of a recording */
export function parseRecordingLine(line: string, at: string): RecordingEntry {
  const message = messagePattern.exec(line);
  if (message !== null)
    return { kind: 'message', atMs: milliseconds(message[1]), text: line.slice(message[0].length), at };
  const response = responsePattern.exec(line);
  if (response !== null) {
    const rest = line.slice(response[0].length);
    const headerAt = rest.lastIndexOf(headerMark);
    return {
      kind: 'response',
      atMs: milliseconds(response[2]),
      url: response[1] as string,
      body: headerAt < 0 ? rest : rest.slice(0, headerAt),
      at,
    };
  }
  const connect = connectPattern.exec(line);
  if (connect !== null) return { kind: 'connect', atMs: milliseconds(connect[2]), url: connect[1] as string, at };
  if (line.startsWith('configuration: '))
    return { kind: 'configuration', text: line.slice('configuration: '.length), at };
  throw new Error(
    `${at}: neither "timestamp: message", "URL -> timestamp: body" nor "URL <-> timestamp": ${line.slice(0, 80)}`,
  );
}

/** Several files of one recording as one, by time. Each is in order by itself. */
export async function* readRecordings(paths: readonly string[]): AsyncGenerator<RecordingEntry> {
  const readers = paths.map((path) => readRecording(path));
  const heads = await Promise.all(readers.map((reader) => reader.next()));
  for (;;) {
    let first = -1;
    heads.forEach((head, at) => {
      if (!head.done && (first < 0 || timeOf(head.value) < timeOf(heads[first]?.value))) first = at;
    });
    const head = heads[first];
    if (head === undefined || head.done) return;
    yield head.value;
    heads[first] = await (readers[first] as AsyncGenerator<RecordingEntry>).next();
  }
}

/** A configuration has no time: it comes at once. */
function timeOf(entry: RecordingEntry | undefined): number {
  return entry === undefined || entry.kind === 'configuration' ? 0 : entry.atMs;
}

function milliseconds(seconds: string | undefined): number {
  return Number(seconds) * 1000;
}
