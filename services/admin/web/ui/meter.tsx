import { formatShare } from './format.ts';

const warnAt = 0.75;
const badAt = 0.9;

/** A share of a whole as a bar and as a figure; above the whole the bar is full and the figure says how much. */
export function Meter({ label, share }: { readonly label: string; readonly share: number | null }) {
  if (share === null) return <span className="muted">–</span>;
  const tone = share >= badAt ? ' bad' : share >= warnAt ? ' warn' : '';
  return (
    <div style={{ display: 'flex', alignItems: 'center', gap: 8 }}>
      <span className="visually-hidden">{label}</span>
      <div className={`meter${tone}`} style={{ flex: 1 }} aria-hidden="true">
        <span style={{ width: `${Math.min(100, share * 100)}%` }} />
      </div>
      <data value={share} style={{ minWidth: 44, textAlign: 'right' }}>
        {formatShare(share)}
      </data>
    </div>
  );
}
