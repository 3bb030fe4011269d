import { parseArguments, RefusalError, UsageError } from './arguments.ts';
import { listEntries } from './list.ts';
import { newEntry, newHelp, newOptions } from './new.ts';
import { listRules } from './rules.ts';
import { showEntry } from './show.ts';
import { InputClosedError, paint, type Terminal } from './terminal.ts';
import { validate } from './validate.ts';

export interface Setting extends Terminal {
  /** The catalog's folder, unless --dir names another. */
  dir: string;
}

const help = `What exists, and whether it fits together.

  npm run catalog -- validate                 check every file, and environments/*/environment.yaml; exit 1 on an error
  npm run catalog -- list [kind]              the entries of a kind, or how many of each there are
  npm run catalog -- show <id>                an entry, where it is written and who refers to it
  npm run catalog -- new <kind> [options]     write a new entry; asks for what is missing (new --help: the options)
  npm run catalog -- rules [code]             what holds across files, and why

and what it comes to in the clusters, each with a --help of its own

  npm run catalog -- diff                     the plan: objects, restarts, cost and danger of what you changed
  npm run catalog -- explain <file|object>    the entries that a rendered file or object comes from
  npm run catalog -- impact <entry>           what a change of an entry would touch
  npm run catalog -- cost [pool]              what pools cost a month, beside what the brief planned
  npm run catalog -- policy                   the rules that every rendered object keeps
  npm run catalog -- secrets                  what the secret store of each cluster must hold

Options
  --dir <folder>   another catalog folder
  --help           this text
`;

/** Runs `npm run catalog`. Returns the exit code: 0 done, 1 something to correct, 2 wrong arguments. */
export async function runCatalog(argv: readonly string[], setting: Setting): Promise<number> {
  const { stdout, stderr } = setting;
  try {
    const { positionals, options } = parseArguments(argv, {
      values: ['dir', ...newOptions],
      flags: ['help'],
    });
    const [command, ...rest] = positionals;
    const dir = options.get('dir')?.at(-1) ?? setting.dir;
    if (command === 'new') {
      const [kind, ...more] = rest;
      if (options.has('help') || kind === undefined) {
        stdout.write(newHelp(kind));
        return options.has('help') ? 0 : 2;
      }
      refuseMore(more);
      return await newEntry(dir, kind, options, setting);
    }
    if (options.has('help') || command === undefined) {
      stdout.write(help);
      return options.has('help') ? 0 : 2;
    }
    const wrong = [...options.keys()].find((name) => name !== 'dir');
    if (wrong !== undefined) throw new UsageError(`"${command}" takes no --${wrong}`);
    const [argument, ...more] = rest;
    refuseMore(more);
    switch (command) {
      case 'validate':
        refuseMore(rest);
        return validate(dir, setting);
      case 'list':
        return listEntries(dir, argument, setting);
      case 'show':
        if (argument === undefined) throw new UsageError('show what? give an id: show optimism');
        return showEntry(dir, argument, setting);
      case 'rules':
        return listRules(argument, setting);
      default:
        throw new UsageError(`unknown command "${command}"`);
    }
  } catch (error) {
    if (error instanceof InputClosedError) {
      stderr.write('\nNothing was written.\n');
      return 1;
    }
    if (!(error instanceof UsageError || error instanceof RefusalError)) throw error;
    const isUsage = error instanceof UsageError;
    const help = isUsage ? '\n"npm run catalog -- --help" lists the commands.\n' : '';
    stderr.write(`${paint(stderr, 'red', 'error')} ${error.message}\n${help}`);
    return isUsage ? 2 : 1;
  }
}

function refuseMore(rest: readonly string[]): void {
  const [extra] = rest;
  if (extra !== undefined) throw new UsageError(`"${extra}" is one argument too many`);
}
