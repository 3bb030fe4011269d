import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRecordingLine, type RecordingEntry, readRecording, readRecordings } from './recording.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recording-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe(parseRecordingLine, () => {
  test('reads a message', () => {
    expect(parseRecordingLine('1633998512.5: {"a": "x -> 1: y"}', 'f:1')).toEqual({
      kind: 'message',
      atMs: 1633998512500,
      text: '{"a": "x -> 1: y"}',
      at: 'f:1',
    });
  });

  test('reads an answer, without its header', () => {
    const url = 'https://api.binance.com/api/v3/depth?symbol=NKNUSDT&limit=1000';
    const answer = { kind: 'response', atMs: 1633998512000, url, body: '{"bids":[]}', at: 'f:1' };
    expect(parseRecordingLine(`${url} -> 1633998512: {"bids":[]}`, 'f:1')).toEqual(answer);
    expect(parseRecordingLine(`${url} -> 1633998512: {"bids":[]} header: {"Date": "x"}`, 'f:1')).toEqual(answer);
  });

  test('reads a connection and a configuration', () => {
    expect(parseRecordingLine('wss://x/stream?streams=a@depth <-> 16.25', 'f:1')).toEqual({
      kind: 'connect',
      atMs: 16250,
      url: 'wss://x/stream?streams=a@depth',
      at: 'f:1',
    });
    expect(parseRecordingLine('configuration: {"l2_book":["A-B"]}', 'f:1')).toMatchObject({
      text: '{"l2_book":["A-B"]}',
    });
  });

  test.each(['hello', '{"a":1}', ': x', 'https://x -> later: {}'])('refuses %j, and says where it is', (line) => {
    expect(() => parseRecordingLine(line, 'a/b.0:17')).toThrow(/^a\/b\.0:17: neither/);
  });
});

describe(readRecording, () => {
  test('skips blank lines, and counts them', async () => {
    const path = await write('one', '\n1: a\r\n\n   \n2: b\n\n');
    expect(await all(readRecording(path))).toEqual([
      { kind: 'message', atMs: 1000, text: 'a', at: `${path}:2` },
      { kind: 'message', atMs: 2000, text: 'b', at: `${path}:5` },
    ]);
  });

  test('says which line it cannot read', async () => {
    const path = await write('bad', '1: a\nwhat\n');
    await expect(all(readRecording(path))).rejects.toThrow(`${path}:2`);
  });

  test('says which file is not there', async () => {
    await expect(all(readRecording(join(folder, 'none')))).rejects.toThrow('none');
  });
});

describe(readRecordings, () => {
  test('reads several files in order of time', async () => {
    const messages = await write('ws', '1: a\n3: c\n5: e\n');
    const answers = await write('http', 'https://x/depth -> 2: b\nhttps://x/depth -> 3.5: d\nconfiguration: {}\n');
    const entries = await all(readRecordings([messages, answers, await write('empty', '')]));
    const texts = entries.map((entry) => ('text' in entry ? entry.text : 'body' in entry ? entry.body : entry.url));
    expect(texts).toEqual(['a', 'b', 'c', 'd', '{}', 'e']);
  });
});

async function write(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function all(entries: AsyncIterable<RecordingEntry>): Promise<RecordingEntry[]> {
  const list: RecordingEntry[] = [];
  for await (const entry of entries) list.push(entry);
  return list;
}
