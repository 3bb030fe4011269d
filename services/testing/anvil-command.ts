import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * The command that runs anvil, to be followed by anvil's own arguments.
 *
 * The platform's binary is run directly: the launcher script of `@foundry-rs/anvil` is one more process, and it does not
 * take anvil down with it when it is killed hard. The launcher is the way out for a platform without a binary package.
 */
export function anvilCommand(): { command: string; args: readonly string[] } {
  const architecture = architectures[process.arch] ?? process.arch;
  const file = process.platform === 'win32' ? 'anvil.exe' : 'anvil';
  const binary = findModuleFile(`@foundry-rs/anvil-${process.platform}-${architecture}/bin/${file}`);
  if (binary !== undefined) return { command: binary, args: [] };
  const launcher = findModuleFile('@foundry-rs/anvil/bin.mjs');
  if (launcher !== undefined) return { command: process.execPath, args: [launcher] };
  throw new Error(
    `anvil is not installed for ${process.platform}-${process.arch} — run npm ci without --omit=optional, ` +
      'or see https://getfoundry.sh for the platforms it exists for',
  );
}

function findModuleFile(specifier: string): string | undefined {
  try {
    const path = require.resolve(specifier);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
