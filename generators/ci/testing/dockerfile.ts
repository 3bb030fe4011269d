/** `COPY --from=packages a b`: its words, with flags apart. */
export interface Instruction {
  readonly name: string;
  readonly flags: readonly string[];
  /** All behind name and flags, on one line. */
  readonly text: string;
}

export interface Stage {
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** The stages of a Dockerfile, in their order. Knows what ours uses; anything else throws. */
export function parseDockerfile(text: string): Stage[] {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n');
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, name = '', rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (!known.includes(name)) throw new Error(`Dockerfile: what does this do? ${line}`);
    const words = rest.split(' ');
    const flags = words.filter(
      (word, index) => words.slice(0, index + 1).every((one) => one.startsWith('--')) && word !== '',
    );
    const instruction = { name, flags, text: words.slice(flags.length).join(' ') };
    const [base = '', as, stage] = instruction.text.split(' ');
    if (name === 'FROM')
      stages.push({ base, name: as === 'AS' ? (stage ?? '') : String(stages.length), instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

const known = ['FROM', 'ARG', 'LABEL', 'ENV', 'WORKDIR', 'COPY', 'RUN', 'USER', 'ENTRYPOINT', 'CMD'];

/** Whether a .dockerignore leaves a path of the context out: as Docker, the last pattern that fits it or a folder above it decides. */
export function isIgnored(ignoreText: string, path: string): boolean {
  const patterns = ignoreText.split('\n').map((line) => line.trim());
  let ignored = false;
  for (const pattern of patterns.filter((line) => line !== '' && !line.startsWith('#'))) {
    const isBack = pattern.startsWith('!');
    if (withParents(path).some((one) => regexOf(isBack ? pattern.slice(1) : pattern).test(one))) ignored = !isBack;
  }
  return ignored;
}

function withParents(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Docker's `*` fits names that begin with a dot too, and `**` any number of folders. */
function regexOf(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/|\*|[.+^${}()|[\]\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    return part === '*' ? '[^/]*' : `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}
