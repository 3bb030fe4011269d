import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Where a command reads and writes. */
export interface Terminal {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: NodeJS.WritableStream & { isTTY?: boolean };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

/** Colours on a terminal, plain text anywhere else. */
export function paint(stream: NodeJS.WritableStream, style: Style, text: string): string {
  return 'isTTY' in stream && stream.isTTY === true ? styleText(style, text, { stream }) : text;
}

/** Columns padded to their widest cell; a column of numbers is aligned to the right. No line ends in spaces. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const isNumber = header.map((_, column) => rows.every((row) => /^[\d.,]*$/.test(row[column] ?? '')));
  const width = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => [...(row[column] ?? '')].length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const pad = ' '.repeat(Math.max(0, (width[column] ?? 0) - [...cell].length));
        return isNumber[column] ? `${pad}${cell}` : `${cell}${pad}`;
      })
      .join('  ')
      .trimEnd();
  return [header, ...rows].map((cells) => `${line(cells)}\n`).join('');
}

/** Asks on the terminal, one question after the other; an empty answer is asked again. */
export async function ask(
  terminal: Terminal,
  questions: readonly { name: string; text: string }[],
): Promise<Map<string, string>> {
  const lines = createInterface({ input: terminal.stdin, output: terminal.stderr, terminal: true });
  const answers = new Map<string, string>();
  const closed = new Promise<never>((_, reject) => {
    lines.once('close', () => reject(new InputClosedError()));
  });
  // Nobody may be waiting for it when the last answer is in.
  closed.catch(() => undefined);
  try {
    for (const { name, text } of questions) {
      let answer = '';
      while (answer === '') answer = (await Promise.race([lines.question(`${text}: `), closed])).trim();
      answers.set(name, answer);
    }
    return answers;
  } finally {
    lines.close();
  }
}

/** The terminal was closed in the middle of a question. */
export class InputClosedError extends Error {
  override readonly name = 'InputClosedError';
}
