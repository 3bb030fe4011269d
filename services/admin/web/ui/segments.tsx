import { useId } from 'react';

/** One of a few words, all of them in sight. */
export function Segments<Word extends string>({
  label,
  words,
  value,
  onChange,
}: {
  readonly label: string;
  readonly words: readonly Word[];
  readonly value: Word;
  readonly onChange: (word: Word) => void;
}) {
  const name = useId();
  return (
    <div className="segments" role="radiogroup" aria-label={label}>
      {words.map((word) => (
        <label key={word}>
          <input
            type="radio"
            className="visually-hidden"
            name={name}
            value={word}
            checked={word === value}
            onChange={() => onChange(word)}
          />
          {word}
        </label>
      ))}
    </div>
  );
}
