import { enableCompileCache } from 'node:module';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
// Half of a run goes into reading our own code: what it compiles to is kept, by the code's hash.
enableCompileCache(join(root, 'node_modules/.cache/compiled'));
const { runGenerate } = await import('./command.ts');
const { runWatch } = await import('./watch.ts');

// An interrupted run is completed by the next one; but a person's Ctrl-C can wait the millisecond that the moves take.
const interrupt = new AbortController();
process.on('SIGINT', () => interrupt.abort());
process.on('SIGTERM', () => interrupt.abort());

const argv = process.argv.slice(2);
process.exitCode = argv.includes('--watch')
  ? await runWatch(root, argv, process.stdout, process.stderr, interrupt.signal)
  : runGenerate(root, argv, process.stdout, process.stderr);
