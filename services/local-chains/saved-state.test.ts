import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { beginChain, decodeHexResult, readOrigin, saveState, unpackState } from './saved-state.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'saved-state-'));
  await beginChain(folder, origin);
});
afterEach(() => rm(folder, { recursive: true }));

describe(saveState.name, () => {
  it('keeps the last two dumps', async () => {
    for (const text of ['one', 'two', 'three']) await save(text);
    expect(await unpacked('state.json.gz')).toBe('three');
    expect(await unpacked('state.previous.json.gz')).toBe('two');
    expect((await readdir(folder)).filter((name) => name.includes('writing'))).toEqual([]);
  });

  it('drops a dump during which the chain moved', async () => {
    await save('good');
    expect(await saveState(folder, await nodeWith(dumpOf('half of a block')), async () => false)).toBe(false);
    expect(await unpacked('state.json.gz')).toBe('good');
  });

  it('leaves the dumps alone when the node gives none, or breaks off', async () => {
    await save('good');
    const error = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'no memory' } });
    await expect(saveState(folder, await nodeWith(error), unmoved)).rejects.toThrow('no memory');
    await expect(saveState(folder, await nodeWith(dumpOf('bad').slice(0, -10)), unmoved)).rejects.toThrow('cut short');
    expect(await unpacked('state.json.gz')).toBe('good');
  });
});

describe(unpackState.name, () => {
  it('refuses a dump that a power cut has torn, at whatever byte', async () => {
    await save('x'.repeat(10_000));
    const path = join(folder, 'state.json.gz');
    const { length } = await readFile(path);
    for (const size of [length - 1, Math.floor(length / 2), 5, 0]) {
      await truncate(path, size);
      await expect(unpackState(folder, 'state.json.gz')).rejects.toThrow();
    }
  });

  it('finds none where there is none', async () => {
    expect(await unpackState(folder, 'state.json.gz')).toBeUndefined();
  });
});

describe(readOrigin.name, () => {
  it('reads what the chain was begun with', async () => {
    expect(await readOrigin(folder)).toEqual(origin);
  });

  it('knows nothing of a folder that is not there, or whose file is spoilt', async () => {
    expect(await readOrigin(join(folder, 'nowhere'))).toBeUndefined();
    for (const text of ['', '{', '[]', '{"chainId":"1"}', JSON.stringify({ ...origin, optimism: 1 })]) {
      await writeFile(join(folder, 'chain.json'), text);
      expect(await readOrigin(folder)).toBeUndefined();
    }
  });
});

describe(beginChain.name, () => {
  it('puts the dumps of an earlier chain aside', async () => {
    await save('earlier');
    await beginChain(folder, { ...origin, chainId: 6 });
    expect((await readdir(folder)).sort()).toEqual(['chain.json', 'chain.json.unusable', 'state.json.gz.unusable']);
  });
});

describe(decodeHexResult.name, () => {
  it('gives the same bytes wherever the network cuts the answer', async () => {
    const bytes = Buffer.from([0, 1, 0x7f, 0x80, 0xff]);
    const answer = `{"jsonrpc":"2.0","id":1,"result":"0x${bytes.toString('hex')}"}`;
    for (let size = 1; size <= answer.length; size++) {
      const parts: Buffer[] = [];
      for await (const part of decodeHexResult(cut(answer, size))) parts.push(part);
      expect(Buffer.concat(parts)).toEqual(bytes);
    }
  });
});

const origin = { chainId: 5, optimism: false, genesisTimestampSeconds: 1_800_000_000 };

const unmoved = async (): Promise<boolean> => true;

async function save(text: string): Promise<void> {
  expect(await saveState(folder, await nodeWith(dumpOf(text)), unmoved)).toBe(true);
}

function dumpOf(text: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, result: `0x${gzipSync(text).toString('hex')}` });
}

async function unpacked(name: string): Promise<string> {
  const path = await unpackState(folder, name);
  return path === undefined ? 'nothing' : readFile(path, 'utf8');
}

async function* cut(text: string, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
}

/** A node that answers everything with this. */
async function nodeWith(answer: string): Promise<string> {
  const server = createServer((_, response) => response.end(answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
