import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { ConfigurationError, describeError } from '../runtime/errors.ts';
import { openDataFolder } from '../stores/embedded/data-folder.ts';

/** Batches of bytes on disk, first in first out: what waits while a store is away. */
export interface SpillQueue {
  /**
   * Resolves to true once the batch would survive a power cut, to false when it does not fit: the bound is reached, or the disk
   * is full or fails. Never rejects. Batches are kept in the order of the calls.
   */
  append(bytes: Buffer): Promise<boolean>;
  /** The oldest batch; undefined when there is none. One that is damaged is put aside and told of, and the next one comes. */
  peek(): Promise<Buffer | undefined>;
  /** Removes the batch that `peek` gave. Until this is on disk, a crash brings it back: delivery must bear a repetition. */
  drop(): Promise<void>;
  /** Puts the batch that `peek` gave aside, for people to look at: the caller cannot read it. Tells of it as damaged. */
  putAside(reason: string): Promise<void>;
  /** All batches, oldest first. Only while nobody drops. */
  batches(): AsyncGenerator<Buffer>;
  readonly length: number;
  /** Of disk, whole blocks counted. */
  readonly bytes: number;
  /** Lets the folder go. What is queued stays for the next time. */
  close(): Promise<void>;
}

export interface SpillQueueOptions {
  /** Made when it is not there. Belongs to one queue at a time. */
  readonly folder: string;
  readonly bytesMax: number;
  /** Told of what failed, for the log and the metrics: `full`: the bound or the disk; `damaged`: a batch that is not what was written. */
  readonly onTrouble: (kind: 'full' | 'failed' | 'damaged', detail: string) => void;
}

/** A file a batch: removing one frees its space, and damage to one leaves the others. */
const ending = '.batch';
const headerBytes = 8;
const blockBytes = 4096;

interface Entry {
  readonly seq: number;
  readonly bytes: number;
}

/**
 * Opens the queue with what an earlier process left, also one that was killed in the middle of an append.
 * Throws ConfigurationError when the folder cannot be used or another process has it.
 */
export function openSpillQueue(options: SpillQueueOptions): SpillQueue {
  const { folder, bytesMax, onTrouble } = options;
  const unlock = openDataFolder(folder);
  let entries: Entry[];
  try {
    mkdirSync(path.join(folder, 'damaged'), { recursive: true });
    entries = readEntries(folder);
  } catch (error) {
    unlock();
    throw new ConfigurationError(`cannot read the queue in ${folder} (${describeError(error)}): give the right to`, {
      cause: error,
    });
  }
  let nextSeq = (entries.at(-1)?.seq ?? 0) + 1;
  let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  let isClosed = false;
  let lastStep: Promise<unknown> = Promise.resolve();
  // Appends run one after another: the order on disk is the order of the calls.
  const inTurn = <T>(step: () => Promise<T>): Promise<T> => {
    const result = lastStep.then(step);
    lastStep = result.catch(() => undefined);
    return result;
  };
  const fileOf = ({ seq }: Pick<Entry, 'seq'>): string =>
    path.join(folder, `${String(seq).padStart(12, '0')}${ending}`);
  const forget = (entry: Entry): void => {
    const at = entries.indexOf(entry);
    if (at === -1) return;
    entries.splice(at, 1);
    bytes -= entry.bytes;
  };
  const readOrPutAside = async (entry: Entry): Promise<Buffer | undefined> => {
    const file = fileOf(entry);
    let reason: string;
    try {
      const found = await readFile(file);
      const payload = found.subarray(headerBytes);
      const isWhole = found.length >= headerBytes && found.readUInt32LE(4) === payload.length;
      if (isWhole && found.readUInt32LE(0) === crc32(payload)) return payload;
      reason = isWhole ? 'its checksum differs' : 'it is cut';
    } catch (error) {
      reason = describeError(error);
    }
    await putAside(entry, reason);
    return undefined;
  };
  const putAside = async (entry: Entry, reason: string): Promise<void> => {
    const file = fileOf(entry);
    const aside = path.join(folder, 'damaged', path.basename(file));
    await rename(file, aside).catch(() => undefined);
    forget(entry);
    onTrouble('damaged', `${aside}: ${reason}`);
  };

  return {
    append: (payload) =>
      inTurn(async () => {
        if (isClosed) return false;
        const entry = { seq: nextSeq, bytes: roundUp(headerBytes + payload.length) };
        if (bytes + entry.bytes > bytesMax) {
          onTrouble('full', `${bytes} of ${bytesMax} bytes are taken`);
          return false;
        }
        try {
          await writeDurably(folder, fileOf(entry), payload);
        } catch (error) {
          onTrouble(isFull(error) ? 'full' : 'failed', describeError(error));
          return false;
        }
        nextSeq += 1;
        entries.push(entry);
        bytes += entry.bytes;
        return true;
      }),
    peek: async () => {
      for (let head = entries[0]; head !== undefined; head = entries[0]) {
        const payload = await readOrPutAside(head);
        if (payload !== undefined) return payload;
      }
      return undefined;
    },
    drop: async () => {
      const head = entries[0];
      // The folder may be another's by now, and the name of the file too.
      if (head === undefined || isClosed) return;
      await rm(fileOf(head), { force: true }).catch((error) => onTrouble('failed', describeError(error)));
      forget(head);
    },
    putAside: async (reason) => {
      const head = entries[0];
      if (head !== undefined && !isClosed) await putAside(head, reason);
    },
    batches: async function* () {
      for (const entry of [...entries]) {
        const payload = await readOrPutAside(entry);
        if (payload !== undefined) yield payload;
      }
    },
    get length() {
      return entries.length;
    },
    get bytes() {
      return bytes;
    },
    close: async () => {
      await lastStep;
      isClosed = true;
      unlock();
    },
  };
}

/** Whole under its name or not there at all, whenever the process or the machine ends. */
async function writeDurably(folder: string, file: string, payload: Buffer): Promise<void> {
  const unfinished = `${file}.new`;
  try {
    const header = Buffer.alloc(headerBytes);
    header.writeUInt32LE(crc32(payload), 0);
    header.writeUInt32LE(payload.length, 4);
    const handle = await open(unfinished, 'w', 0o600);
    try {
      // Unlike write and writev, goes on after a part.
      await handle.writeFile(Buffer.concat([header, payload]));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
    const directory = await open(folder, 'r');
    try {
      // The name is part of the folder.
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    await rm(file, { force: true }).catch(() => undefined);
    throw error;
  }
}

function readEntries(folder: string): Entry[] {
  const entries: Entry[] = [];
  for (const name of readdirSync(folder)) {
    // Never acknowledged: the process ended while it was written.
    if (name.endsWith(`${ending}.new`)) rmSync(path.join(folder, name));
    const seq = /^(\d{12})\.batch$/.exec(name)?.[1];
    if (seq !== undefined) entries.push({ seq: Number(seq), bytes: roundUp(statSync(path.join(folder, name)).size) });
  }
  return entries.sort((a, b) => a.seq - b.seq);
}

function isFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}
