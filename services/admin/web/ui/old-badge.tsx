import type { Answer } from '../answers/use-answer.ts';
import { Badge } from './badge.tsx';
import { formatTime } from './format.ts';

/** Says of an answer that it could not be had again when it should have been; nothing as long as it is fresh. */
export function OldBadge({ answer }: { readonly answer: Answer<unknown> }) {
  if (!answer.isOld) return null;
  return (
    <Badge tone="warn" title={answer.error?.message ?? 'The answer takes longer than it should'}>
      Not refreshed since {formatTime(answer.dataUpdatedAt)}
    </Badge>
  );
}
