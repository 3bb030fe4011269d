import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigurationError } from '../runtime/errors.ts';
import { openSpillQueue, type SpillQueue } from './spill-queue.ts';

let dir: string;
let troubles: string[];
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'defimon-spill-'));
  troubles = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe(openSpillQueue, () => {
  test('gives back what was put in, in order, also to the next process', async () => {
    const steps = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), bytes: fc.uint8Array({ maxLength: 9_000 }) }),
      fc.record({ kind: fc.constantFrom('drop' as const, 'reopen' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 25 }), async (given) => {
        const folder = mkdtempSync(path.join(dir, 'run-'));
        let queue = open({ folder });
        const model: Uint8Array[] = [];
        for (const step of given) {
          if (step.kind === 'append') {
            expect(await queue.append(Buffer.from(step.bytes))).toBe(true);
            model.push(step.bytes);
          } else if (step.kind === 'drop') {
            await queue.drop();
            model.shift();
          } else {
            await queue.close();
            queue = open({ folder });
          }
          expect(queue.length).toBe(model.length);
          expect(await queue.peek()).toEqual(model[0] === undefined ? undefined : Buffer.from(model[0]));
        }
        expect(await all(queue)).toEqual(model.map((bytes) => Buffer.from(bytes)));
        await queue.close();
      }),
      { numRuns: 25 },
    );
    expect(troubles).toEqual([]);
  });

  test('keeps the order of calls that do not wait for each other', async () => {
    const queue = open();
    const texts = Array.from({ length: 20 }, (_, at) => `batch ${at}`);
    await Promise.all(texts.map((text) => queue.append(Buffer.from(text))));
    expect((await all(queue)).map(String)).toEqual(texts);
    await queue.close();
  });

  test('takes no more than its bound, and again once there is room', async () => {
    const queue = open({ bytesMax: 3 * 4096 });
    const batch = Buffer.alloc(4000);
    expect(await queue.append(batch)).toBe(true);
    expect(await queue.append(Buffer.alloc(8000))).toBe(true);
    expect(queue.bytes).toBe(3 * 4096);
    expect(await queue.append(Buffer.alloc(1))).toBe(false);
    expect(troubles).toEqual(['full']);
    await queue.drop();
    expect(await queue.append(batch)).toBe(true);
    await queue.close();
  });

  test('refuses instead of failing when the folder is gone', async () => {
    const queue = open();
    rmSync(dir, { recursive: true });
    expect(await queue.append(Buffer.from('a'))).toBe(false);
    expect(troubles).toEqual(['failed']);
    expect(queue.length).toBe(0);
  });

  test('forgets what was not finished when its process was killed', async () => {
    const first = open();
    await first.append(Buffer.from('whole'));
    await first.close();
    writeFileSync(path.join(dir, '000000000002.batch.new'), 'half of a bat');
    const queue = open();
    expect((await all(queue)).map(String)).toEqual(['whole']);
    expect(readdirSync(dir).filter((name) => name.endsWith('.new'))).toEqual([]);
    expect(troubles).toEqual([]);
    await queue.close();
  });

  test('puts aside what is cut or changed anywhere, and goes on with the next', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.nat({ max: 19 }), async (isCut, at) => {
        troubles = [];
        const folder = mkdtempSync(path.join(dir, 'run-'));
        const first = open({ folder });
        for (const text of ['first batch!', 'second batch', 'third batch!']) await first.append(Buffer.from(text));
        await first.close();
        const file = path.join(folder, '000000000002.batch');
        const bytes = readFileSync(file);
        bytes[at] = (bytes[at] ?? 0) ^ 0x10;
        writeFileSync(file, isCut ? bytes.subarray(0, at) : bytes);
        const queue = open({ folder });
        await queue.drop();
        expect(String(await queue.peek())).toBe('third batch!');
        expect(troubles).toEqual(['damaged']);
        expect(readdirSync(path.join(folder, 'damaged'))).toEqual(['000000000002.batch']);
        await queue.close();
      }),
      { numRuns: 25 },
    );
  });

  test('puts aside what its reader cannot read', async () => {
    const queue = open();
    await queue.append(Buffer.from('of another version'));
    await queue.append(Buffer.from('good'));
    await queue.putAside('not of this version');
    expect(String(await queue.peek())).toBe('good');
    expect(troubles).toEqual(['damaged']);
    await queue.close();
  });

  test('is not shared', async () => {
    const queue = open();
    expect(() => open()).toThrow(ConfigurationError);
    await queue.close();
    await open().close();
  });

  test('touches nothing after it was closed', async () => {
    const first = open();
    await first.append(Buffer.from('mine'));
    await first.close();
    const second = open();
    expect(await first.append(Buffer.from('late'))).toBe(false);
    await first.drop();
    expect((await all(second)).map(String)).toEqual(['mine']);
    await second.close();
  });
});

function open(parts: { readonly folder?: string; readonly bytesMax?: number } = {}): SpillQueue {
  return openSpillQueue({ folder: dir, bytesMax: 1e9, onTrouble: (kind) => troubles.push(kind), ...parts });
}

async function all(queue: SpillQueue): Promise<Buffer[]> {
  const batches: Buffer[] = [];
  for await (const batch of queue.batches()) batches.push(batch);
  return batches;
}
