import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { RunContext, Work } from '../bench.ts';
import { peerFolder, pythonOf } from '../peers.ts';
import { type ApiInput, keptMs, poolSize } from './input.ts';
import { underLoad } from './under-load.ts';

/** FastAPI in one worker of uvicorn, with uvloop and httptools, over the same two stores. */
export async function open(context: RunContext): Promise<Work> {
  const { databaseUrl, clickhouseUrl, catalog, plan } = context.input as ApiInput;
  const settings = join(context.directory, 'settings.json');
  writeFileSync(
    settings,
    JSON.stringify({ databaseUrl, clickhouseUrl, catalog, poolSize, keptMs: plan.kept ? keptMs : 0 }),
  );
  const python = spawn(pythonOf('fastapi'), [join(peerFolder('fastapi'), 'app.py'), settings], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const exited = once(python, 'exit');
  const url = await readUrl(createInterface({ input: python.stderr }));
  return underLoad(context, url, async () => {
    python.kill();
    await exited;
  });
}

/** uvicorn tells it in its log, which goes on to ours. */
async function readUrl(log: AsyncIterable<string> & NodeJS.EventEmitter): Promise<string> {
  return await new Promise((resolve, reject) => {
    log.on('line', (line: string) => {
      process.stderr.write(`${line}\n`);
      const [, url] = /running on (http:\/\/[\d.:]+)/.exec(line) ?? [];
      if (url !== undefined) resolve(url);
    });
    log.once('close', () => reject(new Error('uvicorn ended before it was ready.')));
  });
}
