import { dirname } from 'node:path';
import { runCi } from './command.ts';

const root = dirname(dirname(import.meta.dirname));

process.exitCode = await runCi(root, process.argv.slice(2), process.env, process.stdout, process.stderr);
