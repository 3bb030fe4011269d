import { join } from 'node:path';
import { runCatalog } from './commands/run.ts';

process.exitCode = await runCatalog(process.argv.slice(2), {
  dir: join(import.meta.dirname),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
