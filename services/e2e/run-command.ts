/** What the user got wrong: told without a stack. */
export class UsageError extends Error {}

/** Runs a command line with what it was given; what goes wrong is told on stderr, and the exit code is 1. */
export async function runCommand(main: (args: readonly string[]) => Promise<void>): Promise<void> {
  await main(process.argv.slice(2)).catch((error: unknown) => {
    // parseArgs says what is wrong with an option by a TypeError with a code.
    const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
    const text = error instanceof Error ? ((isUsage ? undefined : error.stack) ?? error.message) : String(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  });
}
