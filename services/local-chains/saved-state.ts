import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { isRecord, postJson } from './node-rpc.ts';

/*
 * What is kept of a chain between two runs, in a folder of its own:
 *   chain.json              what the chain was begun with
 *   state.json.gz           all of it, as anvil dumps it
 *   state.previous.json.gz  the dump before, should a power cut spoil the last one
 *
 * The dumps are made through JSON-RPC and not by anvil's own --state: that one is written in place, so a kill tears it, and
 * while blocks are made, so it can hold half of one.
 */

export interface ChainOrigin {
  readonly chainId: number;
  readonly optimism: boolean;
  /** anvil adds a genesis block of its own to those it loads: unless it is the same one, a later dump holds two. */
  readonly genesisTimestampSeconds: number;
}

const originFile = 'chain.json';
const newest = 'state.json.gz';
const previous = 'state.previous.json.gz';
const writing = 'state.writing.json.gz';
const unpacked = 'state.loading.json';

const dumpTimeoutMs = 30_000;

/** The dumps to try, the newest first. */
export const dumpNames = [newest, previous] as const;

/** @returns undefined if no chain was begun here, or what is written about it cannot be read */
export async function readOrigin(folder: string): Promise<ChainOrigin | undefined> {
  try {
    const origin: unknown = JSON.parse(await readFile(join(folder, originFile), 'utf8'));
    if (!isRecord(origin)) return undefined;
    const { chainId, optimism, genesisTimestampSeconds } = origin;
    if (typeof chainId !== 'number' || typeof optimism !== 'boolean') return undefined;
    if (typeof genesisTimestampSeconds !== 'number') return undefined;
    return { chainId, optimism, genesisTimestampSeconds };
  } catch {
    return undefined;
  }
}

/** Begins a chain anew: dumps of an earlier one are put aside, for whoever wants to look at them. */
export async function beginChain(folder: string, origin: ChainOrigin): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of [...dumpNames, originFile]) await putAside(folder, name);
  await writeDurably(folder, originFile, Readable.from([`${JSON.stringify(origin)}\n`]));
}

export async function putAside(folder: string, name: string): Promise<void> {
  await rename(join(folder, name), join(folder, `${name}.unusable`)).catch(ignoreMissing);
}

/**
 * Saves the whole chain; the file is there completely or not at all, and the one before it is kept.
 * @param isUnmoved asked after the dump: anvil does not hold still for it, so one made while somebody mines is no chain
 * @returns false if the chain moved, and nothing was saved
 */
export async function saveState(folder: string, url: string, isUnmoved: () => Promise<boolean>): Promise<boolean> {
  const request = { jsonrpc: '2.0', id: 1, method: 'anvil_dumpState', params: [false] };
  const response = await postJson(url, request, dumpTimeoutMs);
  if (response.body === null) throw new Error(`${url} gave no state`);
  await writeFile(join(folder, writing), Readable.from(decodeHexResult(response.body)));
  if (!(await isUnmoved())) return false;
  await rename(join(folder, newest), join(folder, previous)).catch(ignoreMissing);
  await rename(join(folder, writing), join(folder, newest));
  await syncFolder(folder);
  return true;
}

/**
 * Unpacks a dump for `anvil --load-state`.
 * @returns the path to load and to remove afterwards; undefined if there is no such dump
 * @throws if the dump is torn: gzip ends with a checksum
 */
export async function unpackState(folder: string, name: string): Promise<string | undefined> {
  const target = join(folder, unpacked);
  try {
    await pipeline(createReadStream(join(folder, name)), createGunzip(), createWriteStream(target));
    return target;
  } catch (error) {
    await removeUnpacked(folder);
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function removeUnpacked(folder: string): Promise<void> {
  await rm(join(folder, unpacked), { force: true });
}

/** The bytes of a JSON-RPC result of hex digits, decoded as they come: a dump of an old chain is tens of megabytes. */
export async function* decodeHexResult(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const start = /"result"\s*:\s*"0x/;
  let text = '';
  let inside = false;
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString('latin1');
    if (!inside) {
      const match = start.exec(text);
      if (match === null) {
        if (text.length > 10_000) break;
        continue;
      }
      text = text.slice(match.index + match[0].length);
      inside = true;
    }
    const end = text.indexOf('"');
    const whole = end === -1 ? text.length - (text.length % 2) : end;
    yield Buffer.from(text.slice(0, whole), 'hex');
    if (end !== -1) return;
    text = text.slice(whole);
  }
  throw new Error(inside ? 'the dump of the state was cut short' : `no dump of the state but ${text.slice(0, 200)}`);
}

async function writeDurably(folder: string, name: string, content: Readable): Promise<void> {
  const temporary = join(folder, `${name}.writing`);
  await writeFile(temporary, content);
  await rename(temporary, join(folder, name));
  await syncFolder(folder);
}

async function writeFile(path: string, content: Readable): Promise<void> {
  await pipeline(content, createWriteStream(path, { flush: true }));
}

/** A rename is on disk only once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}

function isMissing(error: unknown): boolean {
  return isRecord(error) && error.code === 'ENOENT';
}
