import { useSearchParams } from 'wouter';

/** A choice of a page that stands in its address, so that it can be sent to somebody. The default one does not. */
export function useUrlState<Word extends string>(
  name: string,
  fallback: Word,
  words?: readonly Word[],
): [Word, (word: Word) => void] {
  const [parameters, setParameters] = useSearchParams();
  const given = parameters.get(name) as Word | null;
  const isKnown = given !== null && (words === undefined || words.includes(given));
  function choose(word: Word): void {
    setParameters(
      (before) => {
        const next = new URLSearchParams(before);
        if (word === fallback) next.delete(name);
        else next.set(name, word);
        return next;
      },
      { replace: true },
    );
  }
  return [isKnown ? given : fallback, choose];
}
