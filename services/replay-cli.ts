/** `npm run replay -- FILE…`: a recording of real streams through the order books, with what became of each symbol. */
import { parseArgs, styleText } from 'node:util';
import { renderTable } from '../catalog/commands/terminal.ts';
import { replayRecording, type SymbolReplay } from './market-collector/replay-recording.ts';
import { readRecordings } from './testing/recording.ts';

const help = `npm run replay -- [--market spot|usdm|coinm] FILE…

Runs a recording of Binance's streams through the order books as the collector keeps them. After each update every book is
compared, level by level, with one that is rebuilt without our code, and its best with the stream's own bookTicker.

The files together are one recording. Their lines, in any order of files:
  timestamp: message                   what a stream said; timestamps are Unix seconds
  URL -> timestamp: body               a snapshot, as GET …/depth?symbol=…&limit=… answered it
  wss://… <-> timestamp                a stream was opened

Options:
  --market NAME   whose rules to go by, where no line has an address that tells

Exit codes: 0 every book was right, or its fault was found and is a gap; 1 a book was wrong and nothing said so, or the files
cannot be read.`;

const red = (text: string): string => styleText('red', text, { stream: process.stdout });

await main(process.argv.slice(2)).catch((error: unknown) => {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}${cause}\n`);
  process.exitCode = 1;
});

async function main(args: readonly string[]): Promise<void> {
  const options = { market: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (values.help === true || positionals.length === 0) {
    process.stdout.write(`${help}\n`);
    process.exitCode = values.help === true ? 0 : 1;
    return;
  }
  const market = (['spot', 'usdm', 'coinm'] as const).find((each) => each === values.market);
  if (values.market !== undefined && market === undefined)
    throw new Error(`--market ${values.market}: must be spot, usdm or coinm`);
  const replays = await replayRecording({
    entries: readRecordings(positionals),
    ...(market === undefined ? {} : { market }),
  });
  if (replays.length === 0) throw new Error('the recording has no depth updates, tickers or trades');
  process.stdout.write(tableOf(replays));
  const silent = replays.filter(isSilentlyWrong);
  if (silent.length > 0) throw new Error(`wrong, and no gap says so: ${silent.map(({ symbol }) => symbol).join(', ')}`);
}

/** What the ticker contradicts opens a gap; what the rebuild contradicts is a defect of ours. */
function isSilentlyWrong({ mismatches, disagreements, gaps }: SymbolReplay): boolean {
  return mismatches.length > 0 || (disagreements.length > 0 && gaps.length === 0);
}

function tableOf(replays: readonly SymbolReplay[]): string {
  const head = ['symbol', 'state', 'diffs', 'applied', 'tickers', 'compared', 'disagree', 'trades', 'garbage', 'gaps'];
  const rows = replays.map((replay) => {
    const { symbol, state, diffs, applied, tickers, compared, disagreements, trades, garbage, gaps } = replay;
    const counts = [diffs, applied, tickers, compared, disagreements.length, trades, garbage, gaps.length];
    return [symbol, state, ...counts.map(String)];
  });
  const notes = replays.flatMap(({ symbol, mismatches, disagreements, gaps }) => [
    ...mismatches.map((text) => red(`${symbol}: not as the rebuild: ${text}`)),
    ...disagreements.map((text) => `${symbol}: ${text}`),
    ...gaps.map(({ reason, fromUpdateId, toUpdateId, detail }) => {
      const end = toUpdateId === null ? 'never closed' : `to ${toUpdateId}`;
      return `${symbol}: gap (${reason}) from ${fromUpdateId} ${end}: ${detail}`;
    }),
  ]);
  const compared = replays.reduce((sum, replay) => sum + replay.compared, 0);
  const applied = replays.reduce((sum, replay) => sum + replay.applied, 0);
  const wrong = replays.reduce((sum, replay) => sum + replay.mismatches.length, 0);
  const sum = `${applied} updates applied, ${wrong} not as the rebuild; ${compared} compared with the ticker`;
  return `${renderTable(head, rows)}${[...notes, sum].join('\n')}\n`;
}
