import type { OutputFile } from '../emit/output.ts';
import { type Change, type Owned, replaceTree } from '../emit/tree.ts';
import type { Images } from '../images.ts';

/** What a promotion, a rollback or a release would make of the files: locks, images and rendered tree as one. */
export interface EnvironmentChange {
  readonly environments: readonly string[];
  /** Every file that is to be below what is owned. */
  readonly files: readonly OutputFile[];
  readonly owned: Owned;
  /** Never empty. */
  readonly changes: readonly Change[];
  /** Images by environment, before (undefined if there were none that can be read) and after. */
  readonly images: readonly ImagesChange[];
  /** What the reader has to know besides. */
  readonly notes: readonly string[];
  /** The message of the commit that records it. */
  readonly message: string;
}

export interface ImagesChange {
  readonly environment: string;
  readonly before: Images | undefined;
  readonly after: Images;
}

/**
 * Writes all of it: stopped at any moment, either nothing of it or the whole is there after the next run.
 *
 * @param step As of replaceTree, for tests.
 */
export function applyChange(root: string, change: EnvironmentChange, step?: (name: string) => void): void {
  replaceTree(root, change.files, change.owned, step);
}
