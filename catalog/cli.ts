import { runCatalog } from './commands/run.ts';

// Whoever reads us may stop early: "list pairs | head".
process.stdout.on('error', (error: Error & { code?: string }) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await runCatalog(process.argv.slice(2), {
  dir: import.meta.dirname,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
