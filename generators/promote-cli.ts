import { dirname } from 'node:path';
import { runPromote } from './promotion/promote-command.ts';
import { openTerminal } from './promotion/terminal-cli.ts';

process.exitCode = await runPromote(dirname(import.meta.dirname), process.argv.slice(2), openTerminal());
