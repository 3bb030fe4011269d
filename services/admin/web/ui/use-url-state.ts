import { useSearchParams } from 'wouter';

// What is chosen on a page stands in its address, so that it can be sent to somebody.

/** A text; empty, it is not in the address. */
export function useUrlText(name: string): [string, (text: string) => void] {
  const [parameters, setParameters] = useSearchParams();
  function change(text: string): void {
    setParameters(
      (before) => {
        const next = new URLSearchParams(before);
        if (text === '') next.delete(name);
        else next.set(name, text);
        return next;
      },
      { replace: true },
    );
  }
  return [parameters.get(name) ?? '', change];
}

/** One of some words; an address with another one counts as one without. */
export function useUrlChoice<Word extends string>(
  name: string,
  words: readonly Word[],
  fallback: Word,
): [Word, (word: Word) => void] {
  const [text, setText] = useUrlText(name);
  return [words.find((word) => word === text) ?? fallback, (word) => setText(word === fallback ? '' : word)];
}
