/** A digest as people compare them: its first characters, the whole of it when pointed at. */
export function Digest({ value }: { readonly value: string | null | undefined }) {
  if (value === null || value === undefined) return <span className="muted">–</span>;
  return (
    <code title={value} data-digest={value}>
      {value.replace(/^sha256:/, '').slice(0, 12)}
    </code>
  );
}
