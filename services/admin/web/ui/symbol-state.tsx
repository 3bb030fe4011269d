import type { SymbolAnswer } from '../../../contracts/market-answers.ts';
import { Badge, type Tone } from './badge.tsx';

const tones: Record<SymbolAnswer['state'], Tone> = { live: 'good', gap: 'bad', waiting: 'warn', idle: 'neutral' };

/** How the collection of a pair is. */
export function SymbolState({ state }: { readonly state: SymbolAnswer['state'] }) {
  return <Badge tone={tones[state]}>{state}</Badge>;
}
