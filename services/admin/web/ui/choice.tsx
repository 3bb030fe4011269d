/** One of some words, or all of them. */
export function Choice({
  label,
  all,
  words,
  value,
  onChange,
}: {
  readonly label: string;
  /** What it says when nothing is chosen, as in `All states`. */
  readonly all: string;
  readonly words: readonly string[];
  /** Empty: all. */
  readonly value: string;
  readonly onChange: (word: string) => void;
}) {
  return (
    <select className="field" aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{all}</option>
      {words.map((word) => (
        <option key={word} value={word}>
          {word}
        </option>
      ))}
    </select>
  );
}
