import { dirname } from 'node:path';
import { runGenerate } from './command.ts';
import { runWatch } from './watch.ts';

// An interrupted run is completed by the next one; but a person's Ctrl-C can wait the millisecond that the moves take.
const interrupt = new AbortController();
process.on('SIGINT', () => interrupt.abort());
process.on('SIGTERM', () => interrupt.abort());

const root = dirname(import.meta.dirname);
const argv = process.argv.slice(2);
process.exitCode = argv.includes('--watch')
  ? await runWatch(root, argv, process.stdout, process.stderr, interrupt.signal)
  : runGenerate(root, argv, process.stdout, process.stderr);
