import { dirname } from 'node:path';
import { runRollback } from './promotion/rollback-command.ts';
import { openTerminal } from './promotion/terminal-cli.ts';

process.exitCode = await runRollback(dirname(import.meta.dirname), process.argv.slice(2), openTerminal());
