import { dirname } from 'node:path';
import { runRelease } from './promotion/release-command.ts';
import { openTerminal } from './promotion/terminal-cli.ts';

process.exitCode = await runRelease(dirname(import.meta.dirname), process.argv.slice(2), openTerminal());
