import { dirname } from 'node:path';
import { runGenerate } from './command.ts';

// An interrupted run is completed by the next one; but a person's Ctrl-C can wait the millisecond that the moves take.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

process.exitCode = runGenerate(dirname(import.meta.dirname), process.argv.slice(2), process.stdout, process.stderr);
