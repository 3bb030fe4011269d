import { Badge } from './badge.tsx';
import { Digest } from './digest.tsx';
import type { Process } from './process.ts';

/** The catalog that a process works by, and whether it is the one that its environment gives it. */
export function RunningCatalog({ process: { status, asExpected, expectedDigest } }: { readonly process: Process }) {
  return (
    <>
      <Digest value={status?.catalog?.digest} />{' '}
      {asExpected === false ? (
        <Badge tone="warn" title={`Its environment gives ${expectedDigest}`}>
          behind
        </Badge>
      ) : null}
      {asExpected === true ? <Badge tone="good">as released</Badge> : null}
    </>
  );
}
