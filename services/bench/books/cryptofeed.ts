import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { RunContext, Work } from '../bench.ts';
import { peerFolder, pythonOf } from '../peers.ts';
import { type BooksInput, readMessages } from './input.ts';
import { levelRow } from './rows.ts';

/**
 * cryptofeed in a process of its own: its `Binance.message_handler` gets message after message. Its sockets are left out
 * and no callback is set, both in its favour. It keeps prices and sizes as exact decimals.
 */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as BooksInput;
  const python = spawn(pythonOf('cryptofeed'), [join(peerFolder('cryptofeed'), 'books.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const words = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const says = async (word: string): Promise<void> => {
    const { value } = await words.next();
    if (value !== word) throw new Error(`cryptofeed ended before it was ${word}.`);
  };
  const tell = (line: string) => python.stdin.write(`${line}\n`);
  const total = readMessages(input).length;
  tell(JSON.stringify(input));
  await says('ready');
  return {
    run: async (stopwatch) => {
      stopwatch.begin();
      tell('go');
      await says('done');
      stopwatch.end();
      return total - input.warmUp;
    },
    rows: async () => {
      const file = join(context.directory, 'books.txt');
      const ended = once(python, 'exit');
      tell(file);
      await ended;
      return readFileSync(file, 'utf8').trimEnd().split('\n').map(rowOf);
    },
    close: async () => {
      python.kill();
    },
  };
}

function rowOf(line: string): string {
  const [symbol = '', side, price = '', size = ''] = line.split(' ');
  return levelRow(symbol, side === 'bid' ? 'bid' : 'ask', price, size);
}
