import { createInterface } from 'node:readline/promises';
import type { Terminal } from './carry-out.ts';

/** The terminal of this process; without a person in front of it, nothing is asked. */
export function openTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  // A reader such as `head` may have seen enough; what was begun goes on.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  if (!stdin.isTTY || !stdout.isTTY) return { out: stdout, err: stderr };
  const confirm = async (question: string) => {
    const prompt = createInterface({ input: stdin, output: stdout });
    // Ctrl-C or Ctrl-D is no consent, and must not leave the question open.
    const closed = new Promise<string>((resolve) => prompt.once('close', () => resolve('')));
    const answer = await Promise.race([prompt.question(question), closed]);
    prompt.close();
    return /^y(es)?$/i.test(answer.trim());
  };
  return { out: stdout, err: stderr, confirm };
}
