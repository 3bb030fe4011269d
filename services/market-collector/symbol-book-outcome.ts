import type { BookTop } from '../datasets/market/order-book.ts';
import type { Gap } from '../datasets/market/record.ts';
import type { DepthDiff, DepthSnapshot } from './binance/messages.ts';

/** What became of what a symbol was told, in the order in which it is to be written down. */
export type Outcome =
  /**
   * The book was loaded with the snapshot, which is of `eventTimeMs`; `top` is its best as loaded. Of a book that was live the
   * diffs since are in it too.
   */
  | {
      readonly kind: 'joined';
      readonly snapshot: DepthSnapshot;
      readonly eventTimeMs: number;
      readonly receivedAtMs: number;
      readonly top: BookTop;
    }
  /** `top` is the best right after this diff (the book itself may be further already). */
  | { readonly kind: 'applied'; readonly diff: DepthDiff; readonly receivedAtMs: number; readonly top: BookTop }
  | { readonly kind: 'opened'; readonly gap: Gap }
  | { readonly kind: 'closed'; readonly gap: Gap }
  | { readonly kind: 'dropped'; readonly why: DropReason }
  /** Load a snapshot, and hand it in. Not said again until then, but for one that was wanted for less. */
  | { readonly kind: 'wantsSnapshot'; readonly why: SnapshotReason }
  /** The depth stream has died while others go on: only a new subscription may bring it back. No snapshot is wanted any more. */
  | { readonly kind: 'stalled' };

/** duplicate: the book, or the buffer, has it · old: from before the snapshot, or of no use to a book · overflow: no room. */
export type DropReason = 'duplicate' | 'old' | 'overflow';

/** start · gap · stale: the last snapshot was older than the diffs that are kept · failed: it was no book · deepen: few known levels are left. */
export type SnapshotReason = 'start' | 'gap' | 'stale' | 'failed' | 'deepen';
