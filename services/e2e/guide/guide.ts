/** A step of a guide: commands, and what their output must hold. */
export interface GuideStep {
  readonly commands: string;
  /** Texts in the order in which the output must hold them; `…` is anything within a line. */
  readonly expected: readonly string[];
}

/**
 * The steps of a guide in Markdown: each block of `bash` is one, and the block of `text` behind it, if there is one before the next
 * `bash`, is what to expect of it.
 */
export function readGuide(markdown: string): GuideStep[] {
  const blocks = [...markdown.matchAll(/^```(bash|text)\n(.*?)^```$/gms)].map(([, kind, text = '']) => ({
    kind,
    text,
  }));
  return blocks.flatMap(({ kind, text }, at) => {
    if (kind !== 'bash') return [];
    const next = blocks[at + 1];
    const expected = next?.kind === 'text' ? next.text.split('\n').filter((line) => line !== '') : [];
    return [{ commands: text, expected }];
  });
}

/** The commands with `offset` added to every port of 127.0.0.1, and said to Defimon: by the rule that the guide gives its reader. */
export function shiftPorts(commands: string, offset: number): string {
  return commands
    .replaceAll(
      /(127\.0\.0\.1:|--port )(\d+)/g,
      (_, before: string, port: string) => `${before}${Number(port) + offset}`,
    )
    .replaceAll(/\bnpm start\b/g, `npm start -- --port-offset ${offset}`);
}

/** The first of the texts that the output does not hold behind those before it; undefined when it holds all. */
export function missingIn(output: string, expected: readonly string[]): string | undefined {
  let rest = output;
  for (const text of expected) {
    const parts = text.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const match = new RegExp(parts.join('[^\\n]*?')).exec(rest);
    if (match === null) return text;
    rest = rest.slice(match.index + match[0].length);
  }
  return undefined;
}

/**
 * One script of all steps; the output of each begins behind a line that `markOf` tells. It ends with the first command that fails, and takes
 * its jobs with it. Jobs are process groups of their own, as in the shell of a reader.
 */
export function scriptOf(steps: readonly GuideStep[]): string {
  return [...prelude, ...steps.map(({ commands }, at) => `echo '${markOf(at)}'\n${commands}`)].join('\n');
}

const prelude = ['set -eum', `trap 'kill %1 %2 2> /dev/null || true' EXIT`, `trap 'exit 1' TERM`];

export function markOf(step: number): string {
  return `=== step ${step} ===`;
}
